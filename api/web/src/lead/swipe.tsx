/** Before and after on one frame, with a line to drag, the outline and a scale bar. */

import { useEffect, useState } from "preact/hooks";
import type { LeadDetail, Pictures } from "../api/types";
import { metres } from "../domain/format";
import { pathOf, roundLength } from "../domain/frame";
import { t } from "../i18n";

interface Props {
  lead: LeadDetail;
  pictures: Pictures;
  flipped: boolean;
  onFlip: (flipped: boolean) => void;
}

/** Longest share of the picture's width a scale bar takes. */
const BAR_SHARE = 0.3;

export function Swipe({ lead, pictures, flipped, onFlip }: Props) {
  const [split, setSplit] = useState(50);
  const [outline, setOutline] = useState(true);
  const [failed, setFailed] = useState(false);
  const shown = flipped ? 100 : split;
  useEffect(() => onFlip(false), []);

  const path = pathOf(pictures, lead.geometry.coordinates);
  const across = pictures.pixels * pictures.metres_per_pixel;
  const bar = roundLength(across * BAR_SHARE);
  const fail = () => setFailed(true);

  return (
    <section class="swipe-section" aria-label={t("picture.title")}>
      <div class="swipe">
        <img src={pictures.after} alt={t("picture.after_of", { date: lead.date_after })} onError={fail} />
        <img
          class="swipe-before"
          src={pictures.before}
          alt={t("picture.before_of", { date: lead.date_before })}
          style={{ clipPath: `inset(0 ${100 - shown}% 0 0)` }}
          onError={fail}
        />
        {outline && (
          <svg viewBox={`0 0 ${pictures.pixels} ${pictures.pixels}`} aria-hidden="true">
            <path class="outline-halo" d={path} />
            <path class="outline-line" d={path} />
          </svg>
        )}
        <span class="swipe-date left">{t("picture.before", { date: lead.date_before })}</span>
        <span class="swipe-date right">{t("picture.after", { date: lead.date_after })}</span>
        <span class="swipe-line" style={{ left: `${shown}%` }} aria-hidden="true" />
        <input
          type="range"
          min="0"
          max="100"
          value={shown}
          aria-label={t("picture.swipe")}
          onInput={(event) => {
            onFlip(false);
            setSplit(Number(event.currentTarget.value));
          }}
        />
        <span class="scale-bar" style={{ width: `${(bar / across) * 100}%` }}>
          {metres(bar)}
        </span>
      </div>
      {failed && (
        <p class="problem" role="alert">
          {t("picture.failed")}
        </p>
      )}
      <div class="swipe-tools">
        <button type="button" aria-pressed={flipped} onClick={() => onFlip(!flipped)}>
          {t("picture.flip")} <kbd>B</kbd>
        </button>
        <label class="check">
          <input
            type="checkbox"
            checked={outline}
            onChange={(event) => setOutline(event.currentTarget.checked)}
          />
          {t("picture.outline")}
        </label>
        <span class="fine">
          {t("picture.resolution", { metres: Math.round(pictures.metres_per_pixel * 100) / 100 })}
        </span>
      </div>
    </section>
  );
}
