"""Photographs and stills, touched up."""
