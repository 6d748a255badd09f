"""Sections of documents that code cites are there, and golden files that documents cite, too."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ROOMS = ("lightning_v2", "widgets", "tests", "benchmarks", "notebooks", "data/golden")
KINDS = (".py", ".js", ".md", ".ipynb")

NUMBER = r"\d+(?:\.\d+)*"
LIST = rf"{NUMBER}(?:(?:, | and | to ){NUMBER})*"
CITATION = re.compile(
    rf"docs/(?P<document>[\w-]+\.md)"
    rf'(?:,? (?:sections? (?P<numbers>{LIST})|\\?"(?P<title>[^"\\]+)\\?"))?'
)
SECTION = re.compile(rf"(?<!\w)[Ss]ections? {NUMBER}")


def text_of(path):
    """The text of a file in one line, without the marks of comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(re.sub(r"^\s*(#|//|\*)?\s*", "", line) for line in lines)


def sources():
    """Files that may cite, this one not among them."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in KINDS and path != Path(__file__) and "__pycache__" not in path.parts:
                yield path


def citations():
    """(file, document, section or None) of every citation."""
    for path in sources():
        for found in CITATION.finditer(text_of(path)):
            numbers = re.findall(NUMBER, found["numbers"] or "")
            for section in [*numbers, *filter(None, [found["title"]])] or [None]:
                yield path.relative_to(ROOT).as_posix(), found["document"], section


def sections(document):
    """Numbers and titles of the headings of a document."""
    names = set()
    for line in (DOCS / document).read_text(encoding="utf-8").splitlines():
        heading = re.match(rf"#+ (?:({NUMBER})\.? )?(.*)", line)
        names.update(filter(None, heading.groups()) if heading else ())
    return names


CITED = sorted(set(citations()), key=str)


@pytest.mark.parametrize(("file", "document", "section"), CITED)
def test_a_cited_section_is_there(file, document, section):
    assert (DOCS / document).is_file(), f"{file} cites docs/{document}, which is not there"
    assert section is None or section in sections(document), (
        f"{file} cites section {section} of docs/{document}; it has {sorted(sections(document))}"
    )


def test_the_numerics_document_is_cited():
    assert {"3", "4", "4.2", "5", "7.4", "8"} <= {s for _, d, s in CITED if d == "numerics.md"}


def test_a_section_is_cited_with_its_document():
    """A number alone does not say which document it belongs to."""
    lone = {}
    for path in sources():
        rest = CITATION.sub("", text_of(path))
        if found := SECTION.findall(rest):
            lone[path.relative_to(ROOT).as_posix()] = found
    assert not lone


def test_titles_and_numbers_of_headings_are_found():
    assert {"4", "4.2", "The accumulator"} <= sections("numerics.md")
    assert "The bounds" in sections("equivalence.md")


def test_numbers_of_a_citation_are_found():
    words = 'docs/a.md, sections 4.1, 4.4 and 9. See docs/b.md, "The bounds"; docs/c.md is whole.'
    found = [(f["document"], f["numbers"], f["title"]) for f in CITATION.finditer(words)]
    assert found == [
        ("a.md", "4.1, 4.4 and 9", None),
        ("b.md", None, "The bounds"),
        ("c.md", None, None),
    ]


def golden():
    """Names of golden files in the marks of evidence of docs/numerics.md."""
    for found in re.finditer(r"golden: ([^\];]+)", text_of(DOCS / "numerics.md")):
        yield from (name.strip() for name in found[1].split(",") if name.strip() != "NAME")


@pytest.mark.parametrize("name", sorted(set(golden())))
def test_a_golden_file_that_is_named_as_evidence_is_there(name):
    assert list((ROOT / "data" / "golden").glob(f"{name}.*"))


def test_every_golden_file_is_evidence_of_something():
    known = {path.stem for path in (ROOT / "data" / "golden").iterdir() if path.suffix == ".npz"}
    named = {path.stem for n in golden() for path in (ROOT / "data" / "golden").glob(f"{n}.*")}
    assert known - named <= {"conv1d_automatic_cases"}  # that of docs/conv1d.md


@pytest.mark.parametrize("document", sorted(path.name for path in DOCS.glob("*.md")))
def test_a_link_leads_to_a_document_and_a_heading(document):
    for target, anchor in re.findall(
        r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text_of(DOCS / document)
    ):
        assert not target or (DOCS / target).exists(), target
        headings = re.findall(r"(?m)^#+ (.*)", (DOCS / (target or document)).read_text("utf-8"))
        titles = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings}
        assert not anchor or anchor in titles, (target, anchor)
