"""A training that can be stopped: asked with SIGTERM it saves, and goes on from there.

    train.py STEPS CHECKPOINT
"""
import os
import signal
import sys

import torch

steps, path = int(sys.argv[1]), sys.argv[2]
stop = False


def ask(number, frame):
    global stop
    stop = True


signal.signal(signal.SIGTERM, ask)
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 1)).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
first = 0
if os.path.exists(path):
    state = torch.load(path)
    first = state["step"]
    model.load_state_dict(state["model"])
print("from %d on %s, %s" % (first, torch.cuda.get_device_name(0),
                             os.environ["CUDA_VISIBLE_DEVICES"]), flush=True)
for step in range(first, steps):
    x = torch.randn(4096, 64, device="cuda")
    loss = ((model(x) - x.sum(1, keepdim=True)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 200 == 0:
        torch.cuda.synchronize()
        print("step %d loss %.4f" % (step, loss.item()), flush=True)
    if stop:
        torch.save({"step": step + 1, "model": model.state_dict()}, path + ".new")
        os.replace(path + ".new", path)
        print("saved at %d" % (step + 1), flush=True)
        sys.exit(75)  # neither done nor failed: it is begun again
print("done at %d" % steps, flush=True)
