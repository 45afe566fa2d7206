"""PyTorch in three ways: eager as usual, eager without what costs time, and compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from peers import Contender
from peers.workload import Data, Workload

MODULES = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "softmax": lambda: nn.Softmax(dim=1)}
FUNCTIONS = {"sigmoid": torch.sigmoid, "relu": F.relu, "softmax": lambda z: F.softmax(z, dim=1)}
COSTS = {  # of the last layer's z: the mean over the mini-batch
    "quadratic": lambda z, y: F.mse_loss(torch.sigmoid(z), y, reduction="sum") / (2 * len(z)),
    "cross_entropy": lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(z),
    "log_likelihood": F.cross_entropy,
}


class Tuned(Contender):
    """No modules, whose calls cost as much as a small layer; one call to step all parameters."""

    package = "torch"

    def __init__(self, workload: Workload, data: Data) -> None:
        torch.set_num_threads(workload.threads)
        self._recipe, self._decay = workload.recipe, workload.decay
        self._hidden = FUNCTIONS[workload.recipe.activation]
        self._output = FUNCTIONS[workload.recipe.last_activation]
        self._cost = COSTS[workload.recipe.cost]
        self._x, self._y = torch.from_numpy(data.inputs), torch.from_numpy(data.targets)

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        self._parameters = [torch.tensor(array, requires_grad=True) for array in parameters]

    def parameters(self) -> list[NDArray[Any]]:
        return [tensor.detach().numpy().copy() for tensor in self._parameters]

    def epoch(self, order: NDArray[Any]) -> None:
        weights, eta = self._parameters[0::2], self._recipe.learning_rate
        for batch in torch.from_numpy(order).split(self._recipe.batch_size):
            x, y = self._x.index_select(0, batch), self._y.index_select(0, batch)
            cost = self._cost(forward(x, self._parameters, self._hidden), y)
            gradients = torch.autograd.grad(cost, self._parameters)
            with torch.no_grad():
                if self._decay != 1:
                    torch._foreach_mul_(weights, self._decay)
                torch._foreach_add_(self._parameters, gradients, alpha=-eta)

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        return inference(lambda x: self._output(forward(x, self._parameters, self._hidden)), images)


class Usual(Tuned):
    """As PyTorch's tutorials have it: nn.Sequential, backward(), torch.optim.SGD (its fastest form here)."""

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        layers: list[nn.Module] = []
        for W, b in zip(parameters[0::2], parameters[1::2], strict=True):
            linear = nn.Linear(W.shape[1], W.shape[0])
            linear.weight.data, linear.bias.data = torch.tensor(W), torch.tensor(b)
            layers += [linear, MODULES[self._recipe.activation]()]
        self._to_z = nn.Sequential(*layers[:-1])
        self._to_outputs = nn.Sequential(*layers[:-1], MODULES[self._recipe.last_activation]())
        self._parameters = list(self._to_z.parameters())
        eta = self._recipe.learning_rate
        groups = [
            {"params": self._parameters[0::2], "weight_decay": (1 - self._decay) / eta},
            {"params": self._parameters[1::2], "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.SGD(groups, lr=eta, foreach=False)

    def epoch(self, order: NDArray[Any]) -> None:
        for batch in torch.from_numpy(order).split(self._recipe.batch_size):
            self._optimizer.zero_grad()
            self._cost(self._to_z(self._x[batch]), self._y[batch]).backward()
            self._optimizer.step()

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        return inference(self._to_outputs, images)


class Compiled(Tuned):
    """One compiled function a step: gather, forward, backward, update."""

    def __init__(self, workload: Workload, data: Data) -> None:
        super().__init__(workload, data)
        hidden, cost, decay, eta = self._hidden, self._cost, self._decay, self._recipe.learning_rate

        # Not dynamic: an epoch's last mini-batch, if it is smaller, gets code of its own.
        @torch.compile(dynamic=False, fullgraph=True)
        def step(parameters: list[Tensor], images: Tensor, targets: Tensor, batch: Tensor) -> None:
            x, y = images[batch], targets[batch]
            gradients = torch.func.grad(lambda p: cost(forward(x, p, hidden), y))(parameters)
            for tensor, gradient in zip(parameters, gradients, strict=True):
                if tensor.ndim == 2 and decay != 1:
                    tensor.mul_(decay)
                tensor.sub_(eta * gradient)

        self._step = step

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        self._parameters = [torch.tensor(array) for array in parameters]

    def epoch(self, order: NDArray[Any]) -> None:
        with torch.no_grad():
            for batch in torch.from_numpy(order).split(self._recipe.batch_size):
                self._step(self._parameters, self._x, self._y, batch)

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        compiled = torch.compile(lambda x: self._output(forward(x, self._parameters, self._hidden)))
        return inference(compiled, images)


def forward(x: Tensor, parameters: list[Tensor], hidden: Callable[[Tensor], Tensor]) -> Tensor:
    """z of the last layer."""
    z = F.linear(x, parameters[0], parameters[1])
    for W, b in zip(parameters[2::2], parameters[3::2], strict=True):
        z = F.linear(hidden(z), W, b)
    return z


def inference(network: Callable[[Tensor], Tensor], images: NDArray[Any]) -> Callable[[], Tensor]:
    """A call of the network without autograd."""
    x = torch.from_numpy(images)

    def call() -> Tensor:
        with torch.inference_mode():
            return network(x)

    return call
