import torch
from tiny_model import SEED
from torch import nn

torch.manual_seed(SEED)
mixing = torch.linalg.qr(torch.randn(6, 6))[0]  # the network spreads its two variables over six neurons


def hidden(variables):  # variables: (batch, 2), each -1 or 1; four further dimensions carry noise
    return torch.cat([variables, torch.randn(len(variables), 4)], -1) @ mixing


def output(state):  # "is the first equal to the second?", computed from the hidden state only
    first, second = (state @ mixing.T)[:, :2].T
    return torch.stack([-first * second, first * second], -1) * 3


def sample(n=512):
    return torch.randint(0, 2, (n, 2)) * 2.0 - 1


def interchange(rotation, base, source):
    """Swap the first coordinate, in the rotated basis, from the source run into the base run."""
    base_state, source_state = rotation(hidden(base)), rotation(hidden(source))
    swapped = torch.cat([source_state[:, :1], base_state[:, 1:]], -1)
    return output(swapped @ rotation.weight)  # the rotation is orthogonal: its transpose undoes it


def accuracy(rotation):
    base, source = sample(), sample()
    expected = (source[:, 0] == base[:, 1]).long()  # what the algorithm would answer after the same swap
    return (interchange(rotation, base, source).argmax(-1) == expected).float().mean().item()


rotation = nn.utils.parametrizations.orthogonal(nn.Linear(6, 6, bias=False))
before = accuracy(rotation)
optimizer = torch.optim.Adam(rotation.parameters(), lr=0.05)
for _ in range(300):
    base, source = sample(), sample()
    expected = (source[:, 0] == base[:, 1]).long()
    loss = nn.functional.cross_entropy(interchange(rotation, base, source), expected)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"interchange intervention accuracy: random direction {before:.2f}, learned direction {accuracy(rotation):.2f}")
assert accuracy(rotation) > 0.95 > before
