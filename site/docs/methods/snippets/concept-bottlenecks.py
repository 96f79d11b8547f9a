import torch
from tiny_model import SEED
from torch import nn

torch.manual_seed(SEED)
prototypes = torch.randn(4, 20)


def sample(n, noise):
    """Inputs, their four concepts (0 or 1), and a label that depends on the concepts only."""
    concepts = torch.randint(0, 2, (n, 4)).float()
    inputs = concepts @ prototypes + noise * torch.randn(n, 20)
    return inputs, concepts, (concepts.sum(-1) >= 2).long()


def fit(model, inputs, targets, loss_function):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(300):
        loss = loss_function(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


inputs, concepts, labels = sample(2000, noise=2.0)
concept_model = fit(nn.Linear(20, 4), inputs, concepts, nn.functional.binary_cross_entropy_with_logits)
label_model = fit(nn.Linear(4, 2), concepts, labels, nn.functional.cross_entropy)

inputs, concepts, labels = sample(2000, noise=2.0)
predicted = (concept_model(inputs) > 0).float()  # a hard bottleneck: 0 or 1, so that nothing else gets through


def accuracy(values):
    return (label_model(values).argmax(-1) == labels).float().mean().item()


corrected = predicted.clone()
accuracies = [accuracy(corrected)]
for concept in range(4):  # a person sets one concept after the other to what it really is
    corrected[:, concept] = concepts[:, concept]
    accuracies.append(accuracy(corrected))
print("accuracy with 0 to 4 concepts corrected:", [round(value, 2) for value in accuracies])
assert accuracies[-1] > 0.99 > accuracies[0]  # the label really hangs on the concepts
