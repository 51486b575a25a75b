"""From a film to a clip, a still or a piece of sound."""
