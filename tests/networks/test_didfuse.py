import torch

from skfusion.networks.autoencoders.didfuse import DIDFuseNet


def trained_like(n_channels=8):
    generator = torch.Generator().manual_seed(0)
    network = DIDFuseNet(n_channels).initialize(generator).train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, 1, 20, 24, generator=generator))
    return network.eval().requires_grad_(False)


def test_number_of_parameters_is_the_published_one():
    network = DIDFuseNet()
    counts = {
        name: sum(p.numel() for p in block.parameters())
        for name, block in network.named_children()
    }
    assert counts == {
        "shallow": 769,
        "deep": 37057,
        "base": 37056,
        "detail": 37056,
        "merge": 73921,
        "refine": 73921,
        "output": 1155,
    }


def test_maps_and_image_keep_the_size():
    network = trained_like(5)
    x = torch.rand(2, 1, 13, 2)
    maps = network.encode(x)
    assert [tuple(z.shape) for z in maps] == [(2, 5, 13, 2)] * 4
    image = network.decode(*maps)
    assert image.shape == x.shape
    assert 0 < image.min() <= image.max() < 1
    assert torch.equal(network(x), image)


def test_base_and_detail_maps_are_bounded_by_tanh():
    _, _, base, detail = trained_like().encode(5 * torch.randn(1, 1, 16, 16))
    assert max(base.abs().max(), detail.abs().max()) <= 1


def test_folded_network_equals_the_plain_one_and_leaves_it_alone():
    network = trained_like()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    x = torch.rand(2, 1, 17, 23)
    folded = network.folded()
    torch.testing.assert_close(folded(x), network(x), rtol=0, atol=1e-6)
    assert all(isinstance(b.norm, torch.nn.Identity) for b in folded.children())
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key])


def test_reach_bounds_the_influence_of_a_pixel():
    network = trained_like()
    x = torch.rand(1, 1, 24, 24)
    changed = x.clone()
    changed[0, 0, 12, 12] = 1 - changed[0, 0, 12, 12]
    difference = (network(x) - network(changed)).abs()[0, 0]
    rows, columns = torch.nonzero(difference > 1e-7, as_tuple=True)
    assert max((rows - 12).abs().max(), (columns - 12).abs().max()) <= network.reach


def test_initialisation_depends_on_the_generator_alone():
    before = torch.get_rng_state().clone()
    networks = [
        DIDFuseNet(3).initialize(torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    assert torch.equal(torch.get_rng_state(), before)
    first, second, third = (list(network.parameters()) for network in networks)
    assert all(torch.equal(a, b) for a, b in zip(first, second))
    assert not torch.equal(first[0], third[0])


def test_initial_values_have_the_bounds_of_pytorch():
    network = DIDFuseNet(16).initialize(torch.Generator().manual_seed(0))
    weight = network.merge.conv.weight
    bound = (32 * 9) ** -0.5
    assert 0.95 * bound < weight.abs().max() <= bound
