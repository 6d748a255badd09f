"""What a check has said, in a few sentences, for a page or a terminal."""

import html
from dataclasses import dataclass

from lightning_v2.model import Voice
from lightning_v2.precision import Plan
from lightning_v2.search.check_record import Check


@dataclass(frozen=True)
class CheckWords:
    """A record in a few sentences.

    Attributes:
        record: what was said.
        plan, voice: at hand; a record of others is said to be one. None: nothing to hold it
            against.
    """

    record: Check
    plan: Plan | None = None
    voice: Voice | None = None

    @property
    def verdict(self) -> str:
        """One sentence: of which voice, and judged beside how many controls."""
        record = self.record
        if self._foreign():
            return (
                f"{self.plan.name}: no verdict on this plan and voice; the record, of others, "
                f"says {record.answer}."
            )
        words = f"{record.plan.name} for {record.voice}: {record.answer}"
        if record.answer == "no verdict":
            return f"{words}, because controls came out wrong: {', '.join(record.wrong_controls)}."
        words = f"{words}, {controls_words(record)}"
        if record.answer == "not resolved":
            return f"{words}: {record.verdict.sentences} sentences are too few to say."
        failed = [judgement.endpoint.label for judgement in record.verdict.failed]
        return f"{words}; fails: {'; '.join(failed)}." if failed else f"{words}."

    def lines(self) -> list[str]:
        """One sentence each, the most important first."""
        return [
            *self._foreign(),
            *self.record.definition_differences,
            *self._controls(),
            *(f"Note: {note}." for note in self.record.notes),
        ]

    def _controls(self) -> tuple[str, ...]:
        """How they come out; nothing without any, which is a note of the record."""
        rights = [control.right for control in self.record.controls]
        if not rights:
            return ()
        words = f"{rights.count(True)} of {len(rights)} controls come out as they must"
        if None in rights:
            words += f", {rights.count(None)} are not resolved by so few sentences"
        return (f"{words}.",)

    def _foreign(self) -> tuple[str, ...]:
        """In what the record is of others than those at hand."""
        if self.plan is None or self.voice is None:
            return ()
        return self.record.differences(self.plan, self.voice)

    def __repr__(self) -> str:
        lines = (f"- {line}" for line in (*self.lines(), self.record.provenance))
        return "\n".join([self.verdict, *lines])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        return (
            f'<div class="findings"><p><strong>{html.escape(self.verdict)}</strong></p>'
            f"<ul>{items}</ul><p><small>{html.escape(self.record.provenance)}</small></p></div>"
        )


def controls_words(record: Check) -> str:
    """As "with 9 controls" or "without controls"."""
    count = len(record.controls)
    if not count:
        return "without controls"
    return "with 1 control" if count == 1 else f"with {count} controls"
