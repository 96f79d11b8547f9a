import torch
from tiny_model import tiny_model

model = tiny_model()
clean = torch.tensor([[3, 14, 15, 9, 26]])
corrupted = torch.tensor([[3, 41, 15, 9, 26]])  # differs at position 1 only
answer, foil = 7, 8


def logit_difference(logits):
    return (logits[0, -1, answer] - logits[0, -1, foil]).item()


states = []  # the clean run: keep what every block writes
hooks = [block.register_forward_hook(lambda _m, _i, out: states.append(out)) for block in model.blocks]
clean_score = logit_difference(model(clean))
for hook in hooks:
    hook.remove()
corrupted_score = logit_difference(model(corrupted))


def patched_score(layer, positions):
    def put_clean_state_back(_module, _inputs, out):
        out = out.clone()
        out[:, positions] = states[layer][:, positions]
        return out

    hook = model.blocks[layer].register_forward_hook(put_clean_state_back)
    score = logit_difference(model(corrupted))
    hook.remove()
    return (score - corrupted_score) / (clean_score - corrupted_score)  # 0: no effect, 1: fully restored


for layer in range(len(model.blocks)):
    print(layer, [round(patched_score(layer, [position]), 2) for position in range(5)])
    assert abs(patched_score(layer, [0, 1, 2, 3, 4]) - 1) < 1e-3  # the whole state restores the clean answer
    assert abs(patched_score(layer, [0])) < 1e-3  # nothing has changed before the corrupted token
