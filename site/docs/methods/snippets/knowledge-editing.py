import torch
from tiny_model import tiny_model

model = tiny_model()
down = model.blocks[2].mlp[2]  # ROME reads this matrix as a memory: key (MLP neurons) in, value (residual stream) out
weight = down.weight.clone()

keys = []
hook = down.register_forward_hook(lambda _m, inputs, _out: keys.append(inputs[0].flatten(0, 1)))
model(torch.randint(0, 50, (500, 8)))  # keys of ordinary text, to know what must not change
subject = torch.tensor([[3, 14, 15, 9, 26]])
answer_before = model(subject)[0, -1].softmax(-1)
hook.remove()
ordinary, key = keys[0], keys[1][-1]  # the key of the subject's last token

# The value to store: moved along the direction that the target token is read from (ROME optimizes it by gradient).
target = 7
value = weight @ key + 10 * torch.nn.functional.normalize(model.unembed.weight[target], dim=0)

# The rank-one update that stores key -> value and disturbs the ordinary keys least, in the least-squares sense.
covariance = ordinary.T @ ordinary / len(ordinary) + 1e-2 * torch.eye(len(key))
spread = torch.linalg.solve(covariance, key)
update = torch.outer(value - weight @ key, spread) / (spread @ key)
naive = torch.outer(value - weight @ key, key) / (key @ key)


def disturbance(change):
    return (ordinary @ change.T).pow(2).sum(-1).mean().item()


print(f"disturbance of other keys: ROME's update {disturbance(update):.3f}, naive update {disturbance(naive):.3f}")
assert torch.allclose((weight + update) @ key, value, atol=1e-2)  # the new fact is stored exactly
assert disturbance(update) < disturbance(naive)
down.weight.copy_(weight + update)
answer_after = model(subject)[0, -1].softmax(-1)
print(f"probability of the new answer: {answer_before[target]:.4f} before, {answer_after[target]:.4f} after")
assert answer_after[target] > answer_before[target]
