/** What a step must carry, asked for at keyboard speed: a key per choice, Enter sends. */

import { useRef, useState } from "preact/hooks";
import { problemKey, type ApiProblem } from "../api/problem";
import type { Action, LeadDetail, Step } from "../api/types";
import { dayAfter, endOfWork } from "../domain/format";
import { choiceKey } from "../domain/keys";
import { className, say, t, word } from "../i18n";
import { vocabulary } from "../session";
import { Dialog } from "../ui/dialog";

interface Props {
  action: Action;
  lead: LeadDetail;
  busy: boolean;
  problem: ApiProblem | null;
  onSend: (step: Step) => void;
  onClose: () => void;
}

/** Days from dispatch to the answer that are proposed; the dispatcher may set others. */
const DUE_DAYS = 15;
const MOST_NOTE = 2000;

export function StepDialog({ action, lead, busy, problem, onSend, onClose }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const title = `${word("action", action)} · ${lead.spot_code}`;

  function send(event: SubmitEvent) {
    event.preventDefault();
    if (form.current && !busy) onSend(stepOf(action, new FormData(form.current)));
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form ref={form} class="step-form" onSubmit={send} onKeyDown={(event) => pressed(event, form.current)}>
        <Fields action={action} lead={lead} />
        <label>
          {t(action === "reopen" ? "step.note_required" : "step.note")}
          <textarea name="note" rows={2} maxLength={MOST_NOTE} required={action === "reopen"} />
        </label>
        {problem && (
          <p class="problem" role="alert">
            {t(problemKey(problem))}
            {problem.fields.length > 0 && ` (${problem.fields.join(", ")})`}
          </p>
        )}
        <div class="dialog-tools">
          <span class="fine">{t("step.keys")}</span>
          <button type="button" onClick={onClose}>
            {t("action.cancel")} <kbd>Esc</kbd>
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {word("action", action)} <kbd>Enter</kbd>
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Fields({ action, lead }: { action: Action; lead: LeadDetail }) {
  const words = vocabulary.get();
  const codes = (section: string) =>
    Object.entries(words?.words[section] ?? {}).map(([code, names]) => [code, say(names)] as const);
  switch (action) {
    case "discard":
      return <Choices name="discard_reason" title={t("step.discard_reason")} choices={codes("discard_reason")} />;
    case "return_lead":
      return <Choices name="return_reason" title={t("step.return_reason")} choices={codes("return_reason")} />;
    case "submit":
      return (
        <>
          <Choices
            name="change_class"
            title={t("step.change_class")}
            choices={(words?.classes ?? []).map((row) => [row.label, say(row)] as const)}
          />
          <p class="fine">{t("step.class_now", { class: className(lead.change_class), by: word("class_by", lead.class_by) })}</p>
          <label class="check strong-check">
            <input type="checkbox" name="layers_consulted" required />
            {t("step.layers_consulted")} <kbd>Y</kbd>
          </label>
        </>
      );
    case "dispatch":
    case "redispatch":
      return <Dispatch lead={lead} units={codes("unit")} />;
    default:
      return null;
  }
}

function Dispatch({ lead, units }: { lead: LeadDetail; units: readonly (readonly [string, string])[] }) {
  const [unit, setUnit] = useState(lead.unit ?? lead.district_code ?? "");
  return (
    <div class="two-fields">
      <label>
        {t("step.unit")}
        <select name="unit" required autoFocus value={unit} onChange={(event) => setUnit(event.currentTarget.value)}>
          <option value="">{t("step.choose")}</option>
          {units.map(([code, name]) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("step.due")}
        <input
          type="date"
          name="due"
          required
          min={dayAfter(new Date(), 1)}
          defaultValue={dayAfter(new Date(), DUE_DAYS)}
        />
      </label>
    </div>
  );
}

interface ChoicesProps {
  name: string;
  title: string;
  choices: readonly (readonly [string, string])[];
}

/** Nothing is chosen beforehand: whoever judges names it. */
function Choices({ name, title, choices }: ChoicesProps) {
  return (
    <fieldset class="choices">
      <legend>{title}</legend>
      {choices.map(([code, label], index) => (
        <label key={code} class="choice">
          <input
            type="radio"
            name={name}
            value={code}
            required
            data-key={choiceKey(index)}
            autoFocus={index === 0}
          />
          <kbd>{choiceKey(index).toUpperCase()}</kbd>
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A key picks its choice; Enter sends from everywhere but a text of several lines. */
function pressed(event: KeyboardEvent, form: HTMLFormElement | null): void {
  const at = event.target as HTMLElement;
  const writing = at instanceof HTMLTextAreaElement;
  if (event.key === "Enter" && (!writing || event.ctrlKey || event.metaKey)) {
    if (at instanceof HTMLButtonElement) return; // its own click
    event.preventDefault();
    form?.requestSubmit();
    return;
  }
  const typing = writing || at instanceof HTMLSelectElement || (at instanceof HTMLInputElement && at.type === "date");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
  const consulted = form?.querySelector<HTMLInputElement>("[name=layers_consulted]");
  const key = event.key.toLowerCase();
  const choice = form?.querySelector<HTMLInputElement>(`[data-key="${CSS.escape(key)}"]`);
  const found = choice ?? (key === "y" ? consulted : null);
  if (!found) return;
  event.preventDefault();
  found.checked = found.type === "radio" || !found.checked;
  found.focus();
}

/** The step a filled form says. */
export function stepOf(action: Action, given: FormData): Step {
  const text = (name: string) => String(given.get(name) ?? "").trim();
  const step: Record<string, unknown> = { action };
  for (const name of ["note", "discard_reason", "return_reason", "change_class", "unit"]) {
    if (text(name)) step[name] = text(name);
  }
  if (given.has("layers_consulted")) step["layers_consulted"] = true;
  if (text("due")) step["due_at"] = endOfWork(text("due"));
  return step as Step;
}
