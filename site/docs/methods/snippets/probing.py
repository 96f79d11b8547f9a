import torch
from tiny_model import tiny_model

model = tiny_model(width=64, vocab=20)  # never trained: it can't "know" anything
tokens = torch.randint(0, 20, (4000, 6))
random_label = torch.randint(0, 2, (20,)).float()
targets = {
    "property": (tokens[:, -1] < 10).float(),
    "control task": random_label[tokens[:, -1]],  # one random label for each word type: nothing to understand here
    "shuffled": torch.randint(0, 2, (4000,)).float(),  # no relation to the input at all
}

states = []
for block in model.blocks:
    block.register_forward_hook(lambda _m, _i, out: states.append(out[:, -1]))  # the last position only
model(tokens)


def probe_accuracy(inputs, labels):
    """Ridge regression on the first 3,000 examples, accuracy on the last 1,000."""
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
    train, test = inputs[:3000], inputs[3000:]
    weights = torch.linalg.solve(train.T @ train + torch.eye(train.shape[1]), train.T @ (labels[:3000] * 2 - 1))
    return ((test @ weights > 0) == (labels[3000:] > 0.5)).float().mean().item()


for layer, state in enumerate(states):
    accuracy = {name: probe_accuracy(state, labels) for name, labels in targets.items()}
    print(f"layer {layer}:", {name: round(value, 2) for name, value in accuracy.items()})
    assert accuracy["shuffled"] < 0.58  # the probe can't guess what has no relation to the input
    assert abs(accuracy["property"] - accuracy["control task"]) < 0.2  # selectivity near zero: the probe learned it
assert probe_accuracy(states[0], targets["property"]) > 0.75  # and yet the accuracy alone looks like a finding
