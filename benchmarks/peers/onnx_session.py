"""ONNX Runtime, for prediction: the network as a graph of Conv, MaxPool, Gemm and Sigmoid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from glassnet.layers import Conv, Dense, Flatten, MaxPool
from peers import Contender
from peers.workload import Data, Workload

NODES = {"sigmoid": "Sigmoid", "relu": "Relu", "softmax": "Softmax"}


class Session(Contender):
    """Doesn't train."""

    package = "onnxruntime"

    def __init__(self, workload: Workload, data: Data) -> None:
        self._network, self._threads = workload.recipe.network(), workload.threads

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
        shaped = images.reshape(-1, *self._network.input_shape)
        return lambda: run(names, {"inputs": shaped})[0]

    def _model(self) -> Any:
        nodes: list[Any] = []
        values = "inputs"  # the name of what the next node takes

        def add(kind: str, *others: str, **attributes: Any) -> None:
            nonlocal values
            made = f"v{len(nodes)}"
            nodes.append(helper.make_node(kind, [values, *others], [made], **attributes))
            values = made

        for number, layer in enumerate(self._network.layers, 1):
            names = f"{number}.weight", f"{number}.bias"
            match layer:
                case Dense():
                    add("Gemm", *names, transB=1)
                case Conv():
                    strides, pads = [layer.stride] * 2, [layer.padding] * 4
                    add("Conv", *names, strides=strides, pads=pads)
                case MaxPool():
                    add("MaxPool", kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2)
                case Flatten():
                    add("Flatten")
                case _:
                    raise NotImplementedError(layer.kind)
            if layer.activation != "linear":
                add(NODES[layer.activation])
        nodes[-1].output[0] = "outputs"

        tensors = [
            numpy_helper.from_array(np.asarray(array), name)
            for name, array in zip(self._network.shapes, self._parameters, strict=True)
        ]
        shapes = {"inputs": self._network.input_shape, "outputs": self._network.output_shape}
        inputs, outputs = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in shapes.items()
        )
        graph = helper.make_graph(nodes, "network", [inputs], [outputs], tensors)
        # The versions of the format that every ONNX Runtime of the last years reads.
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
