"""ONNX Runtime, for prediction: the network as a graph of Gemm and Sigmoid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from peers import Contender
from peers.workload import Data, Workload

NODES = {"sigmoid": "Sigmoid", "relu": "Relu", "softmax": "Softmax"}


class Session(Contender):
    """Doesn't train."""

    package = "onnxruntime"

    def __init__(self, workload: Workload, data: Data) -> None:
        self._recipe, self._threads = workload.recipe, workload.threads

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = self._threads
        self._parameters = list(parameters)
        self._session = onnxruntime.InferenceSession(
            self._model().SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def parameters(self) -> list[NDArray[Any]]:
        return self._parameters

    def epoch(self, order: NDArray[Any]) -> None:
        raise NotImplementedError("ONNX Runtime only predicts")

    def predictor(self, images: NDArray[np.float32]) -> Callable[[], Any]:
        run, names = self._session.run, ["outputs"]
        return lambda: run(names, {"inputs": images})[0]

    def _model(self) -> Any:
        nodes, count = [], len(self._parameters) // 2
        for i in range(count):
            last = i == count - 1
            activation = NODES[self._recipe.last_activation if last else self._recipe.activation]
            a = f"a{i}" if i else "inputs"
            nodes += [
                helper.make_node("Gemm", [a, f"W{i}", f"b{i}"], [f"z{i}"], transB=1),
                helper.make_node(activation, [f"z{i}"], ["outputs" if last else f"a{i + 1}"]),
            ]
        tensors = [
            numpy_helper.from_array(np.asarray(array), f"{'Wb'[i % 2]}{i // 2}")
            for i, array in enumerate(self._parameters)
        ]
        sizes = self._parameters[0].shape[1], self._parameters[-1].shape[0]
        inputs, outputs = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
            for name, size in zip(("inputs", "outputs"), sizes, strict=True)
        )
        graph = helper.make_graph(nodes, "network", [inputs], [outputs], tensors)
        # The versions of the format that every ONNX Runtime of the last years reads.
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
