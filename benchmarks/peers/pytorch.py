"""PyTorch in four ways: eager as usual, without what costs time, with channels last, and compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from glassnet import Recipe
from glassnet.layers import Conv, Dense, Flatten, Layer, MaxPool
from glassnet.schedules import OneCycle, parse_schedule
from peers import Contender
from peers.workload import Data, Workload

Step = Callable[..., Tensor]  # from x, weight and bias, or from x alone, to z or a
MODULES = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "softmax": lambda: nn.Softmax(dim=1)}
FUNCTIONS = {"sigmoid": torch.sigmoid, "relu": F.relu, "softmax": lambda z: F.softmax(z, dim=1)}
COSTS = {  # of the last layer's z: the mean over the mini-batch
    "quadratic": lambda z, y: F.mse_loss(torch.sigmoid(z), y, reduction="sum") / (2 * len(z)),
    "cross_entropy": lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(z),
    "log_likelihood": F.cross_entropy,
}


class Tuned(Contender):
    """No modules, whose calls cost as much as a small layer; one call to step all parameters.

    Where a recipe moves images, these come moved already: that takes none of PyTorch's time.
    """

    package = "torch"
    memory_format = torch.contiguous_format  # of images and filters

    def __init__(self, workload: Workload, data: Data) -> None:
        torch.set_num_threads(workload.threads)
        self._recipe, self._decay, self._rates = workload.recipe, workload.decay, workload.rates
        if self._recipe.optimizer not in ("sgd", "adam"):
            raise NotImplementedError(self._recipe.optimizer)
        if self._recipe.augmentation == "expanded" or (self._recipe.augmentation and self._recipe.epochs > 1):
            raise NotImplementedError(f"{self._recipe.augmentation}, {self._recipe.epochs} epochs")
        self._l2 = self._recipe.l2 / workload.images  # the λ/n of the gradient's λ/n w
        network = workload.recipe.network()
        self._layers, self._input_shape = network.layers, network.input_shape
        self._steps = steps(self._layers)
        self._output = FUNCTIONS[self._layers[-1].activation]
        self._cost = COSTS[workload.recipe.cost]
        seen = workload.seen(data.images, np.arange(len(data.images)))
        self._x, self._y = self._images(seen / np.float32(255)), torch.from_numpy(data.targets)

    def _images(self, images: NDArray[np.float32]) -> Tensor:
        return self._ordered(torch.from_numpy(images.reshape(-1, *self._input_shape)))

    def _ordered(self, tensor: Tensor) -> Tensor:
        return tensor.contiguous(memory_format=self.memory_format) if tensor.ndim == 4 else tensor

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        self._parameters = [self._ordered(torch.tensor(array)).requires_grad_() for array in parameters]
        self._adam = self._make_adam(fused=True)

    def parameters(self) -> list[NDArray[Any]]:
        return [tensor.detach().numpy().copy() for tensor in self._parameters]

    def epoch(self, order: NDArray[Any]) -> None:
        batches = torch.from_numpy(order).split(self._recipe.batch_size)
        for batch, eta in zip(batches, self._rates, strict=False):  # a first step has one batch
            x, y = self._x.index_select(0, batch), self._y.index_select(0, batch)
            cost = self._cost(forward(x, self._parameters, self._steps), y)
            gradients = torch.autograd.grad(cost, self._parameters)
            if self._recipe.optimizer == "adam":
                self._adam_step(gradients, eta)
            else:
                self._plain_step(gradients, eta)

    def _groups(self) -> list[dict[str, Any]]:
        """For PyTorch's optimizers: L2 is the weights' alone, each of which comes before its bias."""
        return [
            {"params": self._parameters[0::2], "weight_decay": self._l2},
            {"params": self._parameters[1::2], "weight_decay": 0.0},
        ]

    def _make_sgd(self) -> torch.optim.SGD:
        return torch.optim.SGD(self._groups(), self._recipe.learning_rate, foreach=False)

    def _make_adam(self, fused: bool | None = None) -> torch.optim.Adam:
        recipe = self._recipe
        return torch.optim.Adam(
            self._groups(), recipe.learning_rate, (recipe.beta1, recipe.beta2), fused=fused
        )

    def _plain_step(self, gradients: Sequence[Tensor], eta: float) -> None:
        with torch.no_grad():
            if self._l2:
                torch._foreach_mul_(self._parameters[0::2], 1 - eta * self._l2)
            torch._foreach_add_(self._parameters, gradients, alpha=-eta)

    def _adam_step(self, gradients: Sequence[Tensor], eta: float) -> None:
        for tensor, gradient in zip(self._parameters, gradients, strict=True):
            tensor.grad = gradient
        for group in self._adam.param_groups:
            group["lr"] = eta
        self._adam.step()

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        return inference(
            lambda x: self._output(forward(x, self._parameters, self._steps)), self._images(images)
        )


class ChannelsLast(Tuned):
    """The same, with the numbers of a pixel side by side in memory: other code for convolutions."""

    memory_format = torch.channels_last


class Usual(Tuned):
    """As PyTorch's tutorials have it: nn.Sequential, backward(), torch.optim, lr_scheduler.

    SGD is taken in its fastest form here, Adam in the one that PyTorch chooses.
    """

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        modules: list[nn.Module] = []
        left = iter(parameters)
        for layer in self._layers:
            module = own_module(layer, next(left), next(left)) if has_weights(layer) else plain_module(layer)
            modules.append(module)
            if layer.activation in MODULES:
                modules.append(MODULES[layer.activation]())
        self._to_z = nn.Sequential(*modules[:-1])
        self._to_outputs = nn.Sequential(*modules)
        self._parameters = list(self._to_z.parameters())
        plain = self._recipe.optimizer == "sgd"
        self._optimizer = self._make_sgd() if plain else self._make_adam()
        self._scheduler = one_cycle(self._optimizer, self._recipe, len(self._rates))

    def epoch(self, order: NDArray[Any]) -> None:
        for batch in torch.from_numpy(order).split(self._recipe.batch_size):
            self._optimizer.zero_grad()
            self._cost(self._to_z(self._x[batch]), self._y[batch]).backward()
            self._optimizer.step()
            if self._scheduler:
                self._scheduler.step()

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        return inference(self._to_outputs, self._images(images))


class Compiled(Tuned):
    """One compiled function a step: gather, forward, backward, update."""

    def __init__(self, workload: Workload, data: Data) -> None:
        super().__init__(workload, data)
        if (self._recipe.optimizer, self._recipe.schedule) != ("sgd", "constant"):
            raise NotImplementedError(f"{self._recipe.optimizer}, {self._recipe.schedule}")
        layers, cost, decay, eta = self._steps, self._cost, self._decay, self._recipe.learning_rate

        # Not dynamic: an epoch's last mini-batch, if it is smaller, gets code of its own.
        @torch.compile(dynamic=False, fullgraph=True)
        def step(parameters: list[Tensor], images: Tensor, targets: Tensor, batch: Tensor) -> None:
            x, y = images[batch], targets[batch]
            gradients = torch.func.grad(lambda p: cost(forward(x, p, layers), y))(parameters)
            for tensor, gradient in zip(parameters, gradients, strict=True):
                if tensor.ndim > 1 and decay != 1:
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
        compiled = torch.compile(lambda x: self._output(forward(x, self._parameters, self._steps)))
        return inference(compiled, self._images(images))


def one_cycle(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> Any:
    """PyTorch's scheduler for the recipe's schedule; None where the rate is constant."""
    match parse_schedule(recipe.schedule):
        case OneCycle(rising=rising):
            return torch.optim.lr_scheduler.OneCycleLR(
                optimizer, recipe.learning_rate, total_steps=steps, pct_start=rising, cycle_momentum=False
            )
    if recipe.schedule != "constant":
        raise NotImplementedError(recipe.schedule)
    return None


def steps(layers: Sequence[Layer]) -> list[tuple[Step, bool]]:
    """The functions from x to z of the last layer, and whether each takes a weight and a bias."""
    found: list[tuple[Step, bool]] = []
    for i, layer in enumerate(layers):
        found.append((own_function(layer), has_weights(layer)))
        if i < len(layers) - 1 and layer.activation != "linear":
            found.append((FUNCTIONS[layer.activation], False))
    return found


def forward(x: Tensor, parameters: Sequence[Tensor], layers: list[tuple[Step, bool]]) -> Tensor:
    """z of the last layer."""
    left = iter(parameters)
    for step, weighted in layers:
        x = step(x, next(left), next(left)) if weighted else step(x)
    return x


def has_weights(layer: Layer) -> bool:
    """Whether the layer has a weight and a bias."""
    return isinstance(layer, Dense | Conv)


def own_function(layer: Layer) -> Step:
    """From x to z."""
    if isinstance(layer, Dense):
        return F.linear
    if isinstance(layer, Conv):
        return partial(F.conv2d, stride=layer.stride, padding=layer.padding)
    if isinstance(layer, MaxPool):
        return partial(F.max_pool2d, kernel_size=layer.size, stride=layer.stride)
    if isinstance(layer, Flatten):
        return partial(torch.flatten, start_dim=1)
    raise NotImplementedError(layer.kind)


def own_module(layer: Layer, weight: NDArray[Any], bias: NDArray[Any]) -> nn.Module:
    """A layer with these parameters."""
    if isinstance(layer, Conv):
        module: nn.Conv2d | nn.Linear = nn.Conv2d(
            weight.shape[1], layer.filters, layer.size, layer.stride, layer.padding
        )
    else:
        module = nn.Linear(weight.shape[1], weight.shape[0])
    module.weight.data, module.bias.data = torch.tensor(weight), torch.tensor(bias)
    return module


def plain_module(layer: Layer) -> nn.Module:
    """A layer without parameters."""
    if isinstance(layer, MaxPool):
        return nn.MaxPool2d(layer.size, layer.stride)
    if isinstance(layer, Flatten):
        return nn.Flatten()
    raise NotImplementedError(layer.kind)


def inference(network: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], Tensor]:
    """A call of the network without autograd."""

    def call() -> Tensor:
        with torch.inference_mode():
            return network(x)

    return call
