import pytest
import torch

from lightning_v2.adaptation.losses import share_of_power, share_of_spread, spectral_distances


def test_the_same_sound_loses_nothing(sound):
    assert spectral_distances(sound(), sound()) == {"complex": 0, "log": 0}


def test_a_turned_sound_loses_in_phase_alone(sound):
    found = spectral_distances(-sound(), sound())
    assert float(found["complex"]) == pytest.approx(2)
    assert float(found["log"]) == 0


def test_a_louder_sound_loses_its_gain(sound):
    found = spectral_distances(1.5 * sound(), sound())
    assert float(found["complex"]) == pytest.approx(0.5)
    assert 0.3 < float(found["log"]) <= float(torch.log(torch.tensor(1.5))) + 1e-6


def test_it_does_not_depend_on_the_level(sound):
    loud, soft = (spectral_distances(g * sound(1), g * sound()) for g in (10.0, 0.01))
    for name, value in loud.items():
        assert float(soft[name]) == pytest.approx(float(value), rel=1e-3)


def test_silence_is_no_reason_to_fail(sound):
    for pair in ((torch.zeros(100), torch.zeros(100)), (sound(), torch.zeros(24000))):
        assert all(torch.isfinite(x) for x in spectral_distances(*pair).values())


def test_gradients_are_finite_where_both_are_silent():
    found = torch.zeros(4000, requires_grad=True)
    sum(spectral_distances(found, torch.zeros(4000)).values()).backward()
    assert torch.isfinite(found.grad).all()


def test_shares():
    wanted = [torch.tensor([3.0, 5.0]), torch.tensor([7.0])]
    found = [torch.tensor([4.0, 5.0]), torch.tensor([6.0])]
    assert float(share_of_power(found, wanted)) == pytest.approx(2 / 83)
    spread = torch.tensor([3.0, 5.0, 7.0]).std(correction=0)
    assert float(share_of_spread(found, wanted)) == pytest.approx(2 / 3 / float(spread))
    moved = [[10 * x + 2 for x in values] for values in (found, wanted)]
    assert float(share_of_spread(*moved)) == pytest.approx(2 / 3 / float(spread))
    assert float(share_of_spread([torch.ones(1)], [torch.ones(1) * 2])) == pytest.approx(0.5)
