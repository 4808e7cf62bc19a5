"""A whole lead, for the interface's description."""

from typing import Any

from api.bodies.lead import SUMMARY_EXAMPLE

DETAIL_EXAMPLE: dict[str, Any] = {
    **SUMMARY_EXAMPLE,
    "lon": 121.5005,
    "lat": 31.4004,
    "geometry": {
        "type": "MultiPolygon",
        "coordinates": [[[[121.5, 31.4], [121.501, 31.4], [121.501, 31.401], [121.5, 31.4]]]],
    },
    "shore": {
        "place": "shore",
        "water_before": 0.92,
        "water_after": 0.03,
        "tide": {"station": "甲站", "distance_m": 5200.0, "before_m": 2.4, "after_m": 1.1},
        "exposure_m": 1.3,
        "zh": "岸边，潮位 2.4 m → 1.1 m（甲站，相距 5.2 km）",
        "en": "at the shore, tide 2.4 m → 1.1 m, 5.2 km away",
    },
    "scorecard": {
        "edition": "2026-11",
        "likelihood": 62,
        "severity": 55,
        "priority": "P2",
        "completeness": 0.41,
        "rules": [
            {
                "rule": "redline",
                "effect": "floor",
                "priority": "P2",
                "holds": True,
                "zh": "位于生态保护红线内",
                "en": "Inside the ecological red line",
                "citation": "自然资发〔2022〕142号",
            }
        ],
        "groups": [
            {
                "group": "image",
                "side": "likelihood",
                "points": 30,
                "cap": 40,
                "zh": "影像证据",
                "en": "Image",
            }
        ],
        "items": [
            {
                "item": "change_score",
                "group": "image",
                "raw": 0.83,
                "points": 25,
                "zh": "变化概率",
                "en": "Probability of change",
                "basis": "检测器",
                "source": "",
            }
        ],
    },
    "overlaps": [
        {
            "kind": "eco_redline",
            "edition": "2023",
            "zone_id": "1",
            "name": "崇明东滩",
            "code": "",
            "level": "",
            "land_use_scheme": "",
            "land_use_code": "",
            "area_m2": 2871.4,
            "area_min_m2": 2700.0,
            "area_max_m2": 2871.4,
            "share": 1.0,
            "share_min": 0.94,
            "share_max": 1.0,
            "boundary_within_error": False,
        }
    ],
    "observations": [
        {
            "observation_id": "0123456789abcdef",
            "run_id": "fedcba9876543210",
            "outcome": "new_site",
            "change_class": "unclassified",
            "score": 0.83,
            "area_m2": 2871.4,
            "date_before": "2025-03-01",
            "date_after": "2025-09-01",
            "filed_at": "2026-11-22T00:00:00Z",
            "withdrawn": False,
        }
    ],
    "witnesses": [
        {
            "run_id": "0f1e2d3c4b5a6978",
            "seen": True,
            "share": 0.82,
            "date_before": "2025-06-03",
            "date_after": "2025-06-15",
        }
    ],
    "links": [],
    "flags": [],
    "events": [
        {
            "sequence": 1,
            "action": "filed",
            "from_status": None,
            "to_status": "candidate",
            "at": "2026-11-22T00:00:00Z",
            "account_id": None,
            "role": None,
            "account_unit": None,
            "data": {"run_id": "fedcba9876543210", "outcome": "new_site"},
            "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        }
    ],
    "actions": ["claim"],
    "pictures": {
        "before": "/api/leads/0123456789abcdef/pictures/before.webp",
        "after": "/api/leads/0123456789abcdef/pictures/after.webp",
        "corners": [[121.499, 31.402], [121.502, 31.402], [121.502, 31.399], [121.499, 31.399]],
        "pixels": 320,
        "metres_per_pixel": 0.5,
    },
    "navigation": {
        "gcj02_lon": 121.505,
        "gcj02_lat": 31.398,
        "url": "https://uri.amap.com/marker?position=121.505,31.398&coordinate=gaode",
    },
    "notice": {
        "zh": "线索仅供优先核查，不作为处罚证据",
        "en": "Leads order the checking; they are no evidence for a penalty",
    },
}
