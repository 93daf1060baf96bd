"""The pages for customers: what app.py registers under the organisation's address."""

from flask import Blueprint

ALL: tuple[Blueprint, ...] = ()
