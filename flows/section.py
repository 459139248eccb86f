"""What every section of the settings is: its keys are known, its values checked, its secrets never repeated."""

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from billing.addresses import valid_address


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def sentence(error: ValueError) -> PydanticCustomError:
    """What is wrong, in the words of who found it."""
    return PydanticCustomError("sentence", "{what}", {"what": str(error)})


def address(value: str) -> str:
    if not valid_address(value):
        raise PydanticCustomError("address", "{address} is not an e-mail address", {"address": repr(value)})
    return value
