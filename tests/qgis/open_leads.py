"""Open files of leads in QGIS and draw them; run by Debian's own Python, which has `qgis`.

Usage: open_leads.py PICTURE.png FILE... ; prints one JSON object a file.
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def described(layer: QgsVectorLayer) -> dict[str, object]:
    renderer = layer.renderer()
    rules = []
    if renderer.type() == "RuleRenderer":
        rules = [r.label() for r in renderer.rootRule().descendants() if r.symbol()]
    fields = layer.fields()
    return {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "count": layer.featureCount(),
        "renderer": renderer.type(),
        "rules": rules,
        "alias": fields.field("score").alias() if fields.indexOf("score") >= 0 else "",
        "extent": [round(v, 6) for v in (layer.extent().xMinimum(), layer.extent().yMinimum())],
    }


def draw(layer: QgsVectorLayer, path: str) -> bool:
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setBackgroundColor(QColor(118, 132, 96))  # the tone of fields from above
    settings.setOutputSize(QSize(900, 600))
    settings.setDestinationCrs(layer.crs())
    extent = QgsRectangle(layer.extent())
    extent.scale(1.15)
    settings.setExtent(extent)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage().save(path)


def main() -> None:
    application = QgsApplication([], False)  # noqa: FBT003  (no windows)
    application.initQgis()
    picture, *files = sys.argv[1:]
    for index, file in enumerate(files):
        layer = QgsVectorLayer(f"{file}|layername=leads", "leads", "ogr")
        report = described(layer)
        report["drawn"] = draw(layer, picture) if index == 0 else None
        print(json.dumps(report, ensure_ascii=False))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)  # exitQgis may hang without a window system


main()
