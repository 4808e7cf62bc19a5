/** Layers with their editions, and what the colours mean. */

import type { Layer, ZoneKind } from "../api/types";
import { t, word } from "../i18n";
import type { Shown } from "./leads-map";
import { editionsOf } from "./shown";

interface Props {
  layers: readonly Layer[];
  shown: Shown;
  onChange: (shown: Shown) => void;
}

const ORDER: readonly ZoneKind[] = [
  "eco_redline",
  "protected_area",
  "water_source_zone",
  "licensed_yard",
  "parcel",
  "district",
];

export function LayerPanel({ layers, shown, onChange }: Props) {
  const kinds = ORDER.filter((kind) => layers.some((one) => one.kind === kind));
  return (
    <details class="layer-panel">
      <summary>{t("layers.title")}</summary>
      <ul class="plain">
        {kinds.map((kind) => (
          <Kind key={kind} kind={kind} editions={editionsOf(layers, kind)} shown={shown} onChange={onChange} />
        ))}
      </ul>
      <p class="legend" aria-label={t("layers.priority")}>
        {(["P1", "P2", "P3", "P4"] as const).map((one) => (
          <span key={one}>
            <span class={`dot ${one}`} /> {one}
          </span>
        ))}
      </p>
    </details>
  );
}

interface KindProps {
  kind: ZoneKind;
  editions: readonly Layer[];
  shown: Shown;
  onChange: (shown: Shown) => void;
}

function Kind({ kind, editions, shown, onChange }: KindProps) {
  const chosen = shown[kind];
  const latest = editions[0]?.name ?? "";
  const edition = editions.find((one) => one.name === (chosen ?? latest));

  function toggle(on: boolean) {
    const { [kind]: _, ...rest } = shown;
    onChange(on ? { ...rest, [kind]: latest } : rest);
  }

  return (
    <li class="layer">
      <label class="check">
        <input
          type="checkbox"
          checked={chosen !== undefined}
          onChange={(event) => toggle(event.currentTarget.checked)}
        />
        <span class={`swatch ${kind}`} aria-hidden="true" />
        {word("zone_kind", kind)}
      </label>
      {editions.length > 1 ? (
        <select
          aria-label={t("layers.edition_of", { kind: word("zone_kind", kind) })}
          value={chosen ?? latest}
          onChange={(event) => onChange({ ...shown, [kind]: event.currentTarget.value })}
        >
          {editions.map((one) => (
            <option key={one.number} value={one.name}>
              {t("zone.edition", { edition: one.name })}
            </option>
          ))}
        </select>
      ) : (
        <span class="fine">{t("zone.edition", { edition: latest })}</span>
      )}
      <span class="fine block">
        {validity(edition)}
        {kind === "parcel" && ` · ${t("layers.near_only")}`}
      </span>
    </li>
  );
}

function validity(edition: Layer | undefined): string {
  if (!edition) return "";
  const from = edition.valid_from ?? t("layers.always");
  return t("layers.valid", { from, to: edition.valid_to ?? t("layers.now") });
}
