"""Numbers that are NaN or infinite: after them, nothing can be learned."""

from __future__ import annotations

import numpy as np

from glassnet.explanation.doctor.case import Case
from glassnet.explanation.doctor.findings import Finding, Seen

ADVICE = "Begin again with a smaller --learning-rate and with inputs scaled to 0 … 1."


def not_finite(case: Case) -> Seen:
    """Are all parameters finite, and the costs that they make of the images?"""
    odd = {name: int((~np.isfinite(array)).sum()) for name, array in case.network.parameters.items()}
    odd = {name: count for name, count in odd.items() if count}
    total = case.network.parameter_count
    if odd:
        count = f"{sum(odd.values()):,} of {total:,} parameters"
        finding = Finding(
            "not_finite",
            f"{count} are NaN or infinite ({', '.join(odd)}): the network has no answer any more.",
            ADVICE,
            {name: float(count) for name, count in odd.items()},
        )
        return Seen(f"not finite: {count}", [finding])
    costs = case.training.costs
    wrong = int((~np.isfinite(costs)).sum())
    measured = f"not finite: 0 of {total:,} parameters, {wrong:,} of the costs of {len(costs):,} images"
    if not wrong:
        return Seen(measured)
    finding = Finding(
        "not_finite",
        f"The cost of {wrong:,} of {len(costs):,} training images is NaN or infinite, "
        f"though all parameters are finite.",
        ADVICE,
        {"images": float(wrong)},
    )
    return Seen(measured, [finding])
