"""Which part of a voice each site of a graph belongs to."""

from collections.abc import Iterable

from lightning_v2.model.parts import Part, part_of_name
from lightning_v2.onnx.graph import Graph, Node
from lightning_v2.onnx.network import OnnxNetwork


def graph_parts(network: OnnxNetwork, durations: str | None, f0: str | None) -> dict[str, Part]:
    """Site -> part, of the sites that the graph tells of; none where durations are not known.

    Only what durations need decides them, and the same of F0. What comes of phones and does not
    depend on durations is the front end; what comes of a style alone belongs to whoever reads it.
    Of what depends on durations, all after the first dense transposed convolution is upsampling;
    source and inverse STFT have nothing in the graph that tells them from other products, and go by
    their names.

    Args:
        network: of a voice.
        durations, f0: the values in the graph that hold them, if it has them.
    """
    if durations is None:
        return {}
    graph = network.graph
    numbered = [name for name, dtype in graph.inputs.items() if dtype.kind == "i"]
    phones = _after(graph, numbered or graph.inputs)
    timed = _after(graph, [durations])
    raised = _after(graph, _dense_transposed(graph))
    needed_timed = network.sites_needed([durations])
    needed_tuned = network.sites_needed([f0]) if f0 else {*network.made_by}
    site_of = {output: site for site, output in network.made_by.items()}

    def part(output: str) -> Part | None:
        site = site_of.get(output)
        if site is not None and site not in needed_timed:
            return "durations"
        if site is not None and site not in needed_tuned:
            return "F0"
        if output not in timed:
            return "front end" if output in phones else None
        named = part_of_name(site or "", ("source", "inverse STFT", "F0"))
        return named or ("upsampling" if output in raised else "decoder")

    read_by: dict[str, Part] = {}  # value -> part of the first node that reads it
    found = {}
    for node in reversed(graph.nodes):
        own = part(node.output) or read_by.get(node.output, "decoder")
        read_by.update(dict.fromkeys(node.inputs, own))
        found[node.output] = own
    return {site: found[output] for site, output in network.made_by.items()}


def _after(graph: Graph, values: Iterable[str]) -> set[str]:
    """These values and all that depend on them."""
    reached = {*values}
    for node in graph.nodes:
        if reached.intersection(node.inputs):
            reached.update(name for name in node.outputs if name)
    return reached


def _dense_transposed(graph: Graph) -> list[str]:
    """What the transposed convolutions return that mix channels: the others only interpolate."""
    return [node.output for node in graph.nodes if _is_dense(node)]


def _is_dense(node: Node) -> bool:
    return node.op == "ConvTranspose" and node.attributes.get("group", 1) == 1
