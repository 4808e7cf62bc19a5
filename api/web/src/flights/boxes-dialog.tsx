/** What must be hidden of one photo, drawn by hand; "nothing" is a decision as well. */

import { useEffect, useState } from "preact/hooks";
import { readBoxes, readOriginal, setBoxes, type Box } from "../api/calls";
import { ApiProblem } from "../api/problem";
import { t } from "../i18n";
import { Dialog } from "../ui/dialog";
import { ProblemLine } from "../ui/problem-line";

interface Props {
  flightId: string;
  name: string;
  onDone: () => void;
  onClose: () => void;
}

const LEAST_PX = 4;

export function BoxesDialog({ flightId, name, onDone, onClose }: Props) {
  const [picture, setPicture] = useState<string | null>(null);
  const [boxes, setDrawn] = useState<readonly Box[]>([]);
  const [from, setFrom] = useState<readonly [number, number] | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [size, setSize] = useState<readonly [number, number]>([1, 1]);
  const failed = (error: unknown) =>
    setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));

  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    void Promise.all([readOriginal(flightId, name), readBoxes(flightId, name)]).then(([bytes, known]) => {
      if (gone) return;
      made = URL.createObjectURL(bytes);
      setPicture(made);
      setDrawn(known ?? []);
    }, failed);
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [flightId, name]);

  /** Pixels of the upright photo under a pointer. */
  function pixel(event: PointerEvent): [number, number] {
    const [width, height] = size;
    const shown = (event.currentTarget as Element).getBoundingClientRect();
    const x = ((event.clientX - shown.left) / shown.width) * width;
    const y = ((event.clientY - shown.top) / shown.height) * height;
    return [Math.round(Math.min(Math.max(x, 0), width)), Math.round(Math.min(Math.max(y, 0), height))];
  }

  function drawn(event: PointerEvent) {
    if (!from) return;
    const to = pixel(event);
    setFrom(null);
    const box: Box = [
      Math.min(from[0], to[0]),
      Math.min(from[1], to[1]),
      Math.max(from[0], to[0]),
      Math.max(from[1], to[1]),
    ];
    if (box[2] - box[0] >= LEAST_PX && box[3] - box[1] >= LEAST_PX) setDrawn((now) => [...now, box]);
  }

  async function save() {
    setBusy(true);
    setProblem(null);
    try {
      await setBoxes(flightId, name, boxes);
      onDone();
    } catch (error) {
      failed(error);
      setBusy(false);
    }
  }

  return (
    <Dialog title={t("boxes.title", { name })} onClose={onClose} wide>
      <div class="step-form">
        <p class="fine">{t("boxes.how")}</p>
        {picture ? (
          <div class="boxing" data-testid="boxing">
            <img
              src={picture}
              alt={name}
              draggable={false}
              onLoad={(event) => setSize([event.currentTarget.naturalWidth, event.currentTarget.naturalHeight])}
            />
            <svg
              viewBox={`0 0 ${size[0]} ${size[1]}`}
              preserveAspectRatio="none"
              onPointerDown={(event) => setFrom(pixel(event))}
              onPointerUp={drawn}
              onPointerLeave={() => setFrom(null)}
            >
              {boxes.map(([left, top, right, bottom], n) => (
                <rect key={n} x={left} y={top} width={right - left} height={bottom - top} />
              ))}
            </svg>
          </div>
        ) : (
          !problem && <p class="waiting">{t("app.loading")}</p>
        )}
        <ProblemLine problem={problem} />
        <div class="dialog-tools">
          <span class="fine">{t("boxes.count", { count: boxes.length })}</span>
          <button type="button" disabled={!boxes.length} onClick={() => setDrawn((now) => now.slice(0, -1))}>
            {t("boxes.undo")}
          </button>
          <button type="button" class="primary" disabled={busy || !picture} onClick={save}>
            {t(boxes.length ? "boxes.save" : "boxes.nothing")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
