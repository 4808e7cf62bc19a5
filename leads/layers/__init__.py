"""Vector layers as strangers deliver them, made safe to cross with."""
