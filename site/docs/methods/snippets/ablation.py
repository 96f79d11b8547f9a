import torch
from tiny_model import tiny_model

model = tiny_model()
data = torch.randint(0, 50, (256, 8))  # stands for a sample of real text
prompt = data[:1]
head_outputs = model.blocks[1].attn.heads_out  # shape: batch, position, head, width of a head

seen = []
hook = head_outputs.register_forward_hook(lambda _m, _i, out: seen.append(out))
model(data)
hook.remove()
activations = seen[0][:, :, 2]  # head 2 of layer 1 on the whole sample
baseline = model(prompt)[0, -1].log_softmax(-1)


def effect(replacement):
    """Kullback-Leibler divergence, in nats, that replacing the head's output causes at the last token."""

    def replace(_module, _inputs, out):
        out = out.clone()
        out[:, :, 2] = replacement
        return out

    hook = head_outputs.register_forward_hook(replace)
    ablated = model(prompt)[0, -1].log_softmax(-1)
    hook.remove()
    return (baseline.exp() * (baseline - ablated)).sum().item()


mean = activations.mean(0, keepdim=True)
noisy = activations[:1] + activations.std() * torch.randn_like(activations[:1])
print("zero", effect(torch.zeros_like(mean)), "mean", effect(mean), "noise", effect(noisy))
print("resample", sum(effect(activations[i : i + 1]) for i in range(1, 21)) / 20)
assert abs(effect(activations[:1])) < 1e-5  # putting back the own output changes nothing
assert effect(torch.zeros_like(mean)) > 0
# Zero lies further from what the head really outputs than the mean does: part of its effect is surprise.
assert activations.pow(2).sum(-1).mean() > (activations - mean).pow(2).sum(-1).mean()
