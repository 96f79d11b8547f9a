import torch
from tiny_model import tiny_model

model = tiny_model()
candidates = torch.randint(0, 50, (500, 5))
surest = model(candidates)[:, -1].softmax(-1).max(-1).values.argmax()  # trace what the model is sure of
prompt = candidates[surest].repeat(64, 1)  # 64 copies, one for each noise sample
subject, answer = [1, 2], model(prompt)[0, -1].argmax()  # the fact to trace: the model's own answer
noise = 3 * model.embed.weight.std() * torch.randn(64, len(subject), model.embed.weight.shape[1])


def answer_probability(restore=None, corrupt=True):
    """Probability of the answer; restore is (layer, positions) to set back to the clean state."""

    def add_noise(_module, _inputs, out):
        out = out.clone()
        out[:, subject] += noise
        return out

    def put_back(_module, _inputs, out):
        out = out.clone()
        out[:, restore[1]] = clean_states[restore[0]][:, restore[1]]
        return out

    hooks = [model.embed.register_forward_hook(add_noise)] if corrupt else []
    if restore:
        hooks.append(model.blocks[restore[0]].register_forward_hook(put_back))
    probability = model(prompt)[:, -1].softmax(-1)[:, answer].mean().item()
    for hook in hooks:
        hook.remove()
    return probability


clean_states = []
hooks = [block.register_forward_hook(lambda _m, _i, out: clean_states.append(out)) for block in model.blocks]
clean = answer_probability(corrupt=False)  # 1. clean run
for hook in hooks:
    hook.remove()
corrupted = answer_probability()  # 2. corrupted run
for layer in range(4):  # 3. patched runs: the indirect effect of one state at a time
    print(layer, [round(answer_probability((layer, [position])) - corrupted, 3) for position in range(5)])
assert corrupted < clean  # the noise does hide the fact
assert abs(answer_probability((3, [4])) - clean) < 1e-4  # the last state decides the output, so it restores everything
assert abs(answer_probability((0, [0])) - corrupted) < 1e-4  # states before the subject carry nothing of it
