import torch
from tiny_model import tiny_model

model = tiny_model()
corpus = torch.randint(0, 50, (400, 8))
mlp, neuron = model.blocks[3].mlp, 17  # a neuron here; a feature of a sparse autoencoder is treated in the same way
direction = mlp[2].weight[:, neuron]  # what it writes into the residual stream

# Input side: on which tokens does it fire most?
activations = []
hook = mlp[1].register_forward_hook(lambda _m, _i, out: activations.append(out[..., neuron]))
plain_logits = model(corpus)
hook.remove()
strongest = activations[0].flatten().topk(5)
print("fires on tokens", corpus.flatten()[strongest.indices].tolist(), "with", strongest.values.tolist())

# Output side, from the weights: which tokens does its direction promote?
logit_effect = model.unembed.weight @ (direction * model.ln_final.weight)
promoted = logit_effect.topk(5).indices
print("its weights promote tokens", promoted.tolist())


# Output side, by intervention: does raising it really promote them?
def raise_neuron(_module, _inputs, out):
    out = out.clone()
    out[..., neuron] += 4 * activations[0].std()
    return out


hook = mlp[1].register_forward_hook(raise_neuron)
change = (model(corpus).log_softmax(-1) - plain_logits.log_softmax(-1)).mean((0, 1))
hook.remove()
agreement = torch.corrcoef(torch.stack([logit_effect, change]))[0, 1].item()
print(f"agreement of the weights with the intervention: {agreement:.2f}")
assert change[promoted[0]] > 0
assert agreement > 0.8  # in the last layer nothing comes after the neuron; earlier, agreement is lower
