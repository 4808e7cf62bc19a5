/** A copy that leaves the case: for whom and what for, which the chain of custody keeps. */

import { useState } from "preact/hooks";
import { copyOf } from "../api/calls";
import { ApiProblem } from "../api/problem";
import { t } from "../i18n";
import { Dialog } from "../ui/dialog";
import { ProblemLine } from "../ui/problem-line";

interface Props {
  flightId: string;
  /** Of the flight's photo; null: of its image of the ground. */
  name: string | null;
  onDone: () => void;
  onClose: () => void;
}

export function CopyDialog({ flightId, name, onDone, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);

  async function send(event: SubmitEvent) {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(null);
    try {
      const copy = await copyOf(flightId, name, String(given.get("to")), String(given.get("why")));
      keep(copy, name ? `copy-${name.split("/").at(-1)}` : `copy-${flightId}.tif`);
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error : new ApiProblem(0, "internal", ""));
      setBusy(false);
    }
  }

  return (
    <Dialog title={t("copies.title", { name: name ?? t("flights.image") })} onClose={onClose}>
      <form class="step-form" onSubmit={send}>
        <p class="note">{t(name ? "copies.photo" : "copies.image")}</p>
        <label>
          {t("copies.to")}
          <input name="to" maxLength={200} required />
        </label>
        <label>
          {t("copies.why")}
          <input name="why" maxLength={200} required />
        </label>
        <ProblemLine problem={problem} />
        <div class="dialog-tools">
          <button type="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {t("copies.make")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function keep(bytes: Blob, name: string): void {
  const address = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
