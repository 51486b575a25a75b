"""Films and recordings as they come in: probing, demuxing, frames, remuxing, copying spans."""
