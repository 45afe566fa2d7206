"""Tasks that every face of glassnet shares: train, examine, find a model, walk through an explanation."""

from typing import TYPE_CHECKING

from glassnet.lazy import lazily

if TYPE_CHECKING:
    from glassnet.workflows.calibrating import Calibrated as Calibrated
    from glassnet.workflows.calibrating import calibrate_model as calibrate_model
    from glassnet.workflows.choosing import guide_to as guide_to
    from glassnet.workflows.examination import Examination as Examination
    from glassnet.workflows.examination import examine as examine
    from glassnet.workflows.guide import Guide as Guide
    from glassnet.workflows.guide import Wanted as Wanted
    from glassnet.workflows.images import Example as Example
    from glassnet.workflows.images import image_from_data as image_from_data
    from glassnet.workflows.images import image_from_file as image_from_file
    from glassnet.workflows.images import label_of as label_of
    from glassnet.workflows.models import find_model as find_model
    from glassnet.workflows.models import model_cost as model_cost
    from glassnet.workflows.models import model_data as model_data
    from glassnet.workflows.models import split_arguments as split_arguments
    from glassnet.workflows.models import with_classes_of as with_classes_of
    from glassnet.workflows.recipes import recipe_from_file as recipe_from_file
    from glassnet.workflows.train import Display as Display
    from glassnet.workflows.train import Stopped as Stopped
    from glassnet.workflows.train import go_on as go_on
    from glassnet.workflows.train import resumed_recipe as resumed_recipe
    from glassnet.workflows.train import train_new as train_new

_HOME = {
    "Calibrated": "calibrating",
    "Display": "train",
    "Examination": "examination",
    "Example": "images",
    "Guide": "guide",
    "Stopped": "train",
    "Wanted": "guide",
    "calibrate_model": "calibrating",
    "examine": "examination",
    "find_model": "models",
    "go_on": "train",
    "guide_to": "choosing",
    "image_from_data": "images",
    "image_from_file": "images",
    "label_of": "images",
    "model_cost": "models",
    "model_data": "models",
    "recipe_from_file": "recipes",
    "resumed_recipe": "train",
    "split_arguments": "models",
    "train_new": "train",
    "with_classes_of": "models",
}

__all__ = [*_HOME]

__getattr__ = lazily(__name__, _HOME)
