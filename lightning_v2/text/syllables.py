"""Syllables by the maximal onset principle."""

from itertools import pairwise

from lightning_v2.text.phones import VOWELS

_CLUSTERS = """
    p l,p r,p y,b l,b r,b y,t r,t w,d r,d w,k l,k r,k w,k y,g l,g r,g w,f l,f r,f y,v y,
    th r,th w,sh r,s p,s t,s k,s m,s n,s f,s w,s l,m y,n y,hh y,hh w,
    s p l,s p r,s p y,s t r,s k r,s k w,s k y
"""
_ONSETS = {tuple(cluster.split()) for cluster in _CLUSTERS.split(",")}
_NO_ONSET = {"ng", "zh"}


def syllabify(phones: list[str]) -> list[list[str]]:
    """Group the phones of a word: one vowel each, before it as many consonants as English allows.

    A word without a vowel is one syllable.
    """
    nuclei = [i for i, phone in enumerate(phones) if phone in VOWELS]
    if not nuclei:
        return [list(phones)]
    starts = [0]
    for left, right in pairwise(nuclei):
        start = right
        while start - 1 > left and _may_begin(phones[start - 1 : right]):
            start -= 1
        starts.append(start)
    return [list(phones[a:b]) for a, b in zip(starts, [*starts[1:], len(phones)], strict=True)]


def _may_begin(cluster: list[str]) -> bool:
    if len(cluster) == 1:
        return cluster[0] not in _NO_ONSET
    return tuple(cluster) in _ONSETS
