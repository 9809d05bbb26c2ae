"""Adapters: one store under every framework.

A module for each framework, which imports that framework, over what they share: `items` (what a
framework keeps, as messages) and `conversations` (how it is written and read). Nothing here is
imported by the rest of chatstore.
"""
