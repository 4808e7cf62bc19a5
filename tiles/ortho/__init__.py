"""From a producer's bundle to imagery on the ground: orthorectified, sharpened, scaled."""
