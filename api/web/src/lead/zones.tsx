/** The zones a lead lies on, by kind and edition, with the range within the position error. */

import type { LeadDetail, Overlap, ZoneKind } from "../api/types";
import { percent, percentRange, squareMetres } from "../domain/format";
import { language, LOCALES, t, word } from "../i18n";

const ORDER: readonly ZoneKind[] = [
  "eco_redline",
  "protected_area",
  "water_source_zone",
  "licensed_yard",
  "parcel",
  "district",
];

export function Zones({ lead }: { lead: LeadDetail }) {
  const kinds = ORDER.filter((kind) => lead.overlaps.some((one) => one.kind === kind));
  return (
    <section class="zones">
      <h3>{t("zone.title")}</h3>
      {lead.edition_ambiguous.length > 0 && (
        <p class="note">
          {t("zone.ambiguous", {
            kinds: lead.edition_ambiguous.map((kind) => word("zone_kind", kind)).join(t("list.comma")),
          })}
        </p>
      )}
      {kinds.length === 0 && <p>{t("zone.none")}</p>}
      {kinds.map((kind) => (
        <div key={kind} class={`zone-kind ${kind}`}>
          <h4>{word("zone_kind", kind)}</h4>
          <ul class="plain">
            {lead.overlaps
              .filter((one) => one.kind === kind)
              .map((one) => (
                <Zone key={`${one.edition}/${one.zone_id}`} overlap={one} />
              ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

function Zone({ overlap }: { overlap: Overlap }) {
  const locale = LOCALES[language.get()];
  const range = percentRange(overlap.share_min, overlap.share_max);
  const about = [
    t("zone.edition", { edition: overlap.edition }),
    overlap.level ? word("level", overlap.level) : "",
    overlap.land_use_code
      ? t("zone.land_use", { code: overlap.land_use_code, scheme: overlap.land_use_scheme })
      : "",
  ].filter(Boolean);
  return (
    <li class="zone">
      <span>
        {overlap.name || overlap.zone_id}
        <span class="fine block">{about.join(" · ")}</span>
      </span>
      <span class="zone-share">
        <strong>{percent(overlap.share)}</strong>
        <span class="fine block">
          {t("unit.m2", { area: squareMetres(overlap.area_m2, locale) })}
          {range && ` · ${range}`}
        </span>
      </span>
      {overlap.boundary_within_error && <span class="within-error">{t("zone.within_error")}</span>}
    </li>
  );
}
