"""Parameters of a request held against the types that the Stripe SDK itself ships, so that the fake
asks for exactly what the pinned API version asks for."""

import functools
import re
import types
import typing
from urllib.parse import parse_qsl

import typing_extensions
from stripe._request_options import RequestOptions

_NOT_PARAMETERS = frozenset(RequestOptions.__annotations__)
_THEIR_NAMES = {"StripeContext": object, "Mapping": typing.Mapping}
_NESTED = re.compile(r"\[([^\]]*)\]")
_WHOLE = re.compile(r"-?\d{1,18}")
_UNIONS = (typing.Union, types.UnionType)


class BadParameter(Exception):
    """What Stripe refuses before it looks at idempotency keys."""

    def __init__(self, param, code, message):
        super().__init__(message)
        self.param, self.code, self.message = param, code, message


def from_form(text):
    """`a[b]=1&c[0]=x` as nested dictionaries of texts."""
    found = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        head, *inner = [name.split("[", 1)[0], *_NESTED.findall(name)]
        place = found
        for step, following in zip([head, *inner], inner, strict=False):
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise BadParameter(name, "parameter_invalid", f"Unreadable: {following}")
        place[[head, *inner][-1]] = value
    return found


def checked(values, params, *, form):
    """`values` as the TypedDict `params` says, or BadParameter. In a `form` everything is text."""
    return _dict(values, params, "", form)


@functools.cache
def _fields(params):
    hints = typing_extensions.get_type_hints(params, localns=_THEIR_NAMES, include_extras=True)
    # RequestOptions are the SDK's own, never sent
    return {
        name: (_bare(hint), typing_extensions.get_origin(hint) is not typing_extensions.NotRequired)
        for name, hint in hints.items()
        if name not in _NOT_PARAMETERS
    }


def _bare(hint):
    if typing_extensions.get_origin(hint) in (
        typing_extensions.NotRequired,
        typing_extensions.Required,
    ):
        return typing_extensions.get_args(hint)[0]
    return hint


def _dict(values, params, where, form):
    if not isinstance(values, dict):
        raise BadParameter(where, "parameter_invalid_object", f"Invalid object: {where}")
    fields = _fields(params)
    for name in values:
        if name not in fields:
            at = _at(where, name)
            raise BadParameter(at, "parameter_unknown", f"Received unknown parameter: {at}")
    for name, (_, required) in fields.items():
        if required and name not in values:
            at = _at(where, name)
            raise BadParameter(at, "parameter_missing", f"Missing required param: {at}.")
    return {
        name: _value(value, fields[name][0], _at(where, name), form)
        for name, value in values.items()
    }


def _at(where, name):
    return f"{where}[{name}]" if where else name


def _value(value, hint, where, form):
    origin = typing_extensions.get_origin(hint)
    if origin in _UNIONS:
        return _any_of(value, typing_extensions.get_args(hint), where, form)
    if origin is typing.Literal:
        if value in typing_extensions.get_args(hint):
            return value
        raise BadParameter(where, "parameter_invalid_value", f"Invalid {where}: {value}")
    if origin is list:
        return _list(value, typing_extensions.get_args(hint)[0], where, form)
    if origin is dict:
        return _mapping(value, typing_extensions.get_args(hint)[1], where, form)
    if typing_extensions.is_typeddict(hint):
        return _dict(value, hint, where, form)
    return _plain(value, hint, where, form)


def _any_of(value, hints, where, form):
    refused = None
    for hint in hints:
        try:
            return _value(value, hint, where, form)
        except BadParameter as refusal:
            refused = refusal
    raise refused


def _list(value, hint, where, form):
    if form and isinstance(value, dict):
        value = [value[index] for index in sorted(value)]
    if not isinstance(value, list):
        raise BadParameter(where, "parameter_invalid_array", f"Invalid array: {where}")
    return [_value(one, hint, f"{where}[{at}]", form) for at, one in enumerate(value)]


def _mapping(value, hint, where, form):
    if not isinstance(value, dict):
        raise BadParameter(where, "parameter_invalid_object", f"Invalid hash: {where}")
    if len(value) > 50 or any(len(name) > 40 for name in value):
        raise BadParameter(where, "parameter_invalid", f"Too much in {where}")
    kept = {name: _value(one, hint, _at(where, name), form) for name, one in value.items()}
    if any(isinstance(one, str) and len(one) > 500 for one in kept.values()):
        raise BadParameter(where, "parameter_invalid", f"Too long in {where}")
    return kept


def _plain(value, hint, where, form):
    if hint is int:
        if form and isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        if not form and isinstance(value, int) and not isinstance(value, bool):
            return value
        raise BadParameter(where, "parameter_invalid_integer", f"Invalid integer: {value}")
    if hint is bool:
        known = {"true": True, "false": False} if form else {True: True, False: False}
        if isinstance(value, str if form else bool) and value in known:
            return known[value]
        raise BadParameter(where, "parameter_invalid_boolean", f"Invalid boolean: {value}")
    if hint is str and isinstance(value, str):
        return value
    raise BadParameter(where, "parameter_invalid", f"Invalid value: {where}")
