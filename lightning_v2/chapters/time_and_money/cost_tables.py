"""Tables of time and money: programs, the paper, the purchase, the check, the constants."""

import pandas as pd

from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.chapters.time_and_money.cost_figures import PART_LOOKS, shown_if_known
from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.economics.constants import constants_table
from lightning_v2.economics.gemm import compared, published
from lightning_v2.economics.money.fleet import purchase
from lightning_v2.economics.money.paper import SOURCE, Claim
from lightning_v2.economics.resources.time import PARTS
from lightning_v2.economics.sentence import NOT_ON_SILICON

_CHECKED = {"configuration": "tuned", "traced": True}
_SHOWN = 10


@shown_if_known
def programs(asked: PurchaseQuestion) -> Sheet:
    """Every program in order, folded away: where its time goes."""
    rows = asked.alone.table
    times = {PART_LOOKS[x][0] + ", µs": rows[f"{x}_us"].round(2) for x in PARTS}
    shown = pd.DataFrame(
        {
            "": range(1, len(rows) + 1),
            "stage": rows["stage"],
            "program": rows["program"],
            "call": rows["call"],
            "cores": rows["cores"],
            "µs": rows["us"].round(2),
            **times,
        }
    )
    return Sheet(shown, asked.alone.provenance, shown=0)


@shown_if_known
def what_a_plan_buys(asked: PurchaseQuestion) -> Sheet:
    """Latency, throughput, streams, memory and traffic, a row a plan and batch."""
    rows = []
    for plan in asked.plans:
        for cost in asked.costs[asked.board][plan]:
            first = asked.costs[asked.board][asked.plans[-1]]
            base = next(x for x in first if x.batch == cost.batch)
            rows.append(
                {
                    "plan": plan,
                    "batch": cost.batch,
                    "latency, ms": round(cost.latency_s * 1e3, 2),
                    f"of {asked.plans[-1]}'s": f"{cost.latency_s / base.latency_s:.0%}",
                    "speech, s a second": round(cost.speech_s_per_s),
                    f"streams within {asked.latency_s * 1e3:.0f} ms": cost.streams(asked.latency_s),
                    "in DRAM before a run, MB": round(cost.constant_bytes / 1e6, 1),
                    "DRAM a sentence, MB": round(cost.dram_bytes() / cost.batch / 1e6, 1),
                    "binds": PART_LOOKS[cost.time.bound][0],
                }
            )
    caption = (
        f"One {asked.board}. In DRAM before a run: constants as they lie there, padded to tiles (a "
        "row of biases takes a whole one), and what a stage leaves there for the next, which "
        "grows with the batch; bytes of the constants alone are fewer. Programs are not counted. "
    )
    return Sheet(pd.DataFrame(rows), caption + asked.provenance())


def paper() -> Sheet:
    """The paper's arithmetic, from its own inputs."""
    claim = Claim()
    rows = claim.table()
    shown = pd.DataFrame(
        {
            "card": rows["card"],
            "cards": rows["cards"],
            "together, $": rows["usd"].map("{:,.0f}".format),
            "times cheaper than L40S": rows["times_cheaper"].map("{:.1f}".format),
            "how it is known": rows["kind"],
        }
    )
    caption = (
        f"For {claim.requests} requests at once. One P150 does {claim.p150_throughput:.3f} of what "
        f"one L40S does; the P100 is taken to do the same. {SOURCE}."
    )
    return Sheet(shown, caption)


@shown_if_known
def purchase_sheet(asked: PurchaseQuestion) -> Sheet:
    """Cards for all streams within the bound, and what they cost."""
    rows = purchase(asked.cards(), asked.streams, asked.latency_s, asked.prices)
    shown = pd.DataFrame(
        {
            "card": rows["card"],
            "$ each": [f"{asked.prices.card(x).price_usd:,.0f}" for x in rows["card"]],
            "seen at, $": [
                f"{a:,.0f} to {b:,.0f}"
                for a, b in zip(rows["price_from"], rows["price_to"], strict=True)
            ],
            "batch": rows["batch"],
            "streams a card": rows["streams_each"],
            "cards": rows["cards"],
            "cards, $": rows["cards_usd"].map("{:,.0f}".format),
            "electricity, $": rows["energy_usd"].map("{:,.0f}".format),
            "$ a stream": rows["usd_a_stream"].map("{:.2f}".format),
        }
    )
    kept = asked.prices
    caption = (
        f"{asked.streams} streams, each answered within {asked.latency_s * 1e3:.0f} ms; cards "
        f"kept {kept.years:.0f} years, {kept.usd_per_kwh} $ a kWh ({kept.sources['electricity']}), "
        f"{kept.overhead} W for each W. Whole cards are bought: $ a stream is what all of them "
        "cost over the streams that are asked for. Hosts, and what they must compute, are not "
        "counted. "
        f"Boards: {NOT_ON_SILICON.lower()} GPUs: modelled from data sheets. data/prices.yaml"
    )
    return Sheet(shown, caption)


def checked(board: str) -> Sheet:
    """Published products beside the model: those that were tuned and traced, of one board."""
    rows = published()
    for name, value in _CHECKED.items():
        rows = rows[rows[name] == value]
    if not (rows["board"] == board).any():
        board = {"n300": "n150", "p100": "p150"}.get(board, board)
    found = compared(rows[(rows["board"] == board) & (rows["m"] <= 2560)])
    shown = pd.DataFrame(
        {
            "product": [f"{m}×{k} · {k}×{n}" for m, k, n in found[["m", "k", "n"]].to_numpy()],
            "cores": found["grid"],
            "format": found["dtype"] + " " + found["math_fidelity"],
            "published, µs": found["published_us"].round(1),
            "modelled, µs": found["predicted_us"].round(1),
            "modelled over published": found["ratio"].round(2),
        }
    )
    error = (found["ratio"] - 1).abs().median()
    caption = (
        f"{board}: published by tt-metal (measured by others), and modelled. Median error of these "
        f"{len(found)} rows {error:.0%}; all rows are in docs/time.md."
    )
    return Sheet(shown, caption, shown=_SHOWN)


def constants() -> Sheet:
    """All that the model takes for granted, with sources."""
    return Sheet(constants_table(), "data/economics/constants.yaml", shown=0)
