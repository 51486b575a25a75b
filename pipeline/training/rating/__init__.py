"""The rating of a practitioner's recording by the VIG Practice Skills Rating Scale. A family is never rated."""
