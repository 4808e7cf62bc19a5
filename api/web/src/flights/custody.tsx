/** Originals, copies that leave the case, and the chain of what happened. */

import { useState } from "preact/hooks";
import type { FlightDetail } from "../api/types";
import { t, word } from "../i18n";
import { BoxesDialog } from "./boxes-dialog";
import { CopyDialog } from "./copy-dialog";
import { at, size } from "./words";

const DIGITS = 12;

interface Props {
  flight: FlightDetail;
  /** Whether copies may be handed out. */
  mayShare: boolean;
  onChange: () => void;
}

export function Custody({ flight, mayShare, onChange }: Props) {
  const [boxing, setBoxing] = useState<string | null>(null);
  const [copying, setCopying] = useState<{ name: string | null } | null>(null);
  const close = () => {
    setBoxing(null);
    setCopying(null);
  };
  const done = () => {
    close();
    onChange();
  };
  return (
    <section class="custody">
      <details>
        <summary>{t("flights.originals", { count: flight.originals.length })}</summary>
        <ul class="plain photo-names">
          {flight.originals.map((one) => (
            <li key={one.name} class="run-line">
              <span class="pass-name">{one.archive ? `${one.archive} / ${one.name}` : one.name}</span>
              <span class="fine">
                {word("file_kind", one.kind)} · {size(one.bytes)} ·{" "}
                <span class="mono" title={one.sha256}>
                  {one.sha256.slice(0, DIGITS)}
                </span>
                {mayShare && (one.kind === "photo" || one.kind === "ground_photo") && (
                  <>
                    {" "}
                    <button type="button" class="quiet" onClick={() => setBoxing(one.name)}>
                      {one.boxed === null ? t("boxes.open") : t("boxes.opened", { count: one.boxed })}
                    </button>
                    <button type="button" class="quiet" onClick={() => setCopying({ name: one.name })}>
                      {t("copies.open")}
                    </button>
                  </>
                )}
              </span>
            </li>
          ))}
        </ul>
      </details>
      {mayShare && flight.product && (
        <button type="button" onClick={() => setCopying({ name: null })}>
          {t("copies.open_image")}
        </button>
      )}
      {boxing && <BoxesDialog flightId={flight.flight_id} name={boxing} onDone={done} onClose={close} />}
      {copying && <CopyDialog flightId={flight.flight_id} name={copying.name} onDone={done} onClose={close} />}
      <details>
        <summary>
          {t("flights.custody", { count: flight.custody.length })}{" "}
          <span class={flight.chain_whole ? "fine" : "problem"}>
            {t(flight.chain_whole ? "flights.chain_whole" : "flights.chain_broken")}
          </span>
        </summary>
        <ol class="plain photo-names">
          {[...flight.custody].reverse().map((one) => (
            <li key={one.sequence} class="run-line">
              <span>
                {word("flight_action", one.action)}
                {typeof one.data["name"] === "string" && <span class="fine"> {one.data["name"]}</span>}
              </span>
              <span class="fine">
                {one.account_id ?? t("history.machine")} · {at(one.at)} ·{" "}
                <span class="mono" title={one.hash}>
                  {one.hash.slice(0, DIGITS)}
                </span>
              </span>
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}
