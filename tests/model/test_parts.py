import pytest

from lightning_v2.model.parts import PARTS, part_of_name


@pytest.mark.parametrize(
    ("site", "part"),
    [
        ("encoder.layers.0.up", "front end"),
        ("text.convolutions.1.up", "front end"),
        ("enc_p.encoder.attn_layers.0.conv_q", "front end"),
        ("encoder.text_encoder.lstm", "front end"),
        ("encoder.bert.embeddings.add", "front end"),
        ("duration.output", "durations"),
        ("dp.flows.3.proj", "durations"),
        ("pitch.output", "F0"),
        ("prosody.blocks.2.up", "F0"),
        ("encoder.F0.1.pool", "F0"),
        ("source.phase", "source"),
        ("decoder.decoder.generator.m_source.l_linear", "source"),
        ("decoder.decoder.generator.noise_res.0.sin", "source"),
        ("dec.ups.0", "upsampling"),
        ("dec.resblocks.4.convs.1", "upsampling"),
        ("vocoder.spectrum.add", "inverse STFT"),
        ("vocoder.inverse_sines", "inverse STFT"),
        ("vocoder.sines", "source"),
        ("vocoder.head.free_gain.log", "decoder"),
        ("waveform.synthesis", "inverse STFT"),
        ("waveform.analysis", "source"),
        ("decoder.decoder.generator.istft.stft.conv_transpose", "inverse STFT"),
        ("decoder.blocks.3.up", None),
        ("head", None),
    ],
)
def test_what_modules_are_usually_called(site, part):
    assert part_of_name(site) == part
    assert part is None or part in PARTS


def test_only_what_is_asked_for():
    assert part_of_name("dec.resblocks.4", ("source", "F0")) is None
