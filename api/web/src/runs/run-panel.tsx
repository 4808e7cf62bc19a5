/** One run or job with everything, and taking a run back. */

import type { ComponentChildren } from "preact";
import { problemKey } from "../api/problem";
import type { JobDetail, RunDetail, SetAside } from "../api/types";
import { instant, squareMetres } from "../domain/format";
import { tilesLeft } from "../domain/runs";
import { language, LOCALES, suspected, t, word } from "../i18n";
import { go } from "../route";
import { JobBar } from "./job-bar";
import type { Read } from "./use-opened";
import { countsText, durationText, number, rateText, stageName, stateName } from "./words";

interface Props {
  read: Read;
  mayWithdraw: boolean;
  onWithdraw: () => void;
}

export function RunPanel({ read, mayWithdraw, onWithdraw }: Props) {
  return (
    <article class="run-panel" aria-label={t("runs.detail")}>
      <button
        type="button"
        class="quiet close panel-close"
        aria-label={t("action.back")}
        onClick={() => go({ opened: null })}
      >
        <span class="narrow">← {t("action.back")}</span>
        <span class="wide">×</span>
      </button>
      <div class="lead-scroll">
        {read.problem && (
          <p class="problem" role="alert">
            {t(problemKey(read.problem))}
          </p>
        )}
        {read.run && <OfRun run={read.run} />}
        {read.job && <OfJob job={read.job} />}
        {!read.run && !read.job && !read.problem && <p class="waiting">{t("app.loading")}</p>}
      </div>
      {read.run && !read.run.withdrawal && mayWithdraw && (
        <footer class="actions">
          <button type="button" class="danger" onClick={onWithdraw}>
            {t("runs.withdraw")}
          </button>
        </footer>
      )}
    </article>
  );
}

function OfRun({ run }: { run: RunDetail }) {
  const locale = LOCALES[language.get()];
  const counted = (name: string) => Number(run.summary[name] ?? 0);
  const gone = run.withdrawal;
  return (
    <>
      <Head
        state={gone ? "withdrawn" : "filed"}
        name={t(gone ? "runs.state.withdrawn" : "runs.state.filed")}
        title={`${run.date_before} → ${run.date_after}`}
        id={run.run_id}
      />
      {gone && (
        <section>
          <h3>{t("runs.withdrawal")}</h3>
          <p class="problem">{gone.reason}</p>
          <Facts
            rows={[
              [t("runs.withdrawn_by"), gone.withdrawn_by],
              [t("runs.withdrawn_at"), instant(gone.withdrawn_at, locale)],
              [t("runs.withdrawn_leads"), countsText("withdrawal_outcome", gone.outcomes) || t("value.no")],
            ]}
          />
        </section>
      )}
      <section>
        <h3>{t("runs.result")}</h3>
        <Facts
          rows={[
            [t("runs.found"), t("runs.leads", { count: number(counted("leads")) })],
            [t("runs.outcomes"), countsText("filing_outcome", run.outcomes) || t("value.no")],
            [t("runs.pixels"), t("runs.megapixels", { count: number(counted("pixels") / 1e6, 1) })],
            [t("runs.seen"), t("runs.megapixels", { count: number(counted("valid_pixels") / 1e6, 1) })],
            [t("runs.took"), durationText(counted("seconds"))],
            [t("runs.rate"), rateText(counted("megapixels_per_second"))],
            [t("runs.detector"), run.detector],
            [t("runs.version"), run.code_version],
            [t("runs.filed_by"), run.filed_by],
            [t("runs.filed_at"), instant(run.filed_at, locale)],
          ]}
        />
      </section>
      <Held run={run} />
      <Aside tiles={run.set_aside} />
      <Notes notes={run.summary["notes"]} />
    </>
  );
}

function OfJob({ job }: { job: JobDetail }) {
  const locale = LOCALES[language.get()];
  const rows: [string, string][] = [
    [t("runs.detector"), job.detector + (job.shadow ? ` · ${t("runs.shadow")}` : "")],
    [t("runs.attempts"), t("runs.attempts_of", { count: job.attempts, all: job.max_attempts })],
    [t("runs.created_by"), job.created_by],
    [t("runs.created_at"), instant(job.created_at, locale)],
  ];
  if (job.district) rows.splice(1, 0, [t("fact.district"), word("unit", job.district)]);
  if (job.started_at) rows.push([t("runs.started_at"), instant(job.started_at, locale)]);
  if (job.finished_at) rows.push([t("runs.finished_at"), instant(job.finished_at, locale)]);
  return (
    <>
      <Head
        state={job.stalled ? "stalled" : job.state}
        name={stateName(job)}
        title={`${job.before} → ${job.after}`}
        id={job.job_id}
      />
      {job.error && (
        <section>
          <h3>{t("runs.error")}</h3>
          <p class="problem">{job.error}</p>
        </section>
      )}
      {job.stalled && <p class="note">{t("runs.stalled_note")}</p>}
      {job.progress && (
        <section>
          <h3>{t("runs.progress")}</h3>
          <JobBar job={job} />
          <Facts
            rows={[
              [t("runs.stage"), stageName(job.progress.stage)],
              [t("runs.tiles.done"), number(job.progress.tiles_done)],
              [t("runs.tiles.empty"), number(job.progress.tiles_empty)],
              [t("runs.tiles.aside"), number(job.progress.tiles_set_aside)],
              [t("runs.tiles.left"), number(tilesLeft(job.progress))],
            ]}
          />
        </section>
      )}
      <section>
        <h3>{t("fact.title")}</h3>
        <Facts rows={rows} />
        {job.run_id && !job.shadow && (
          <button type="button" onClick={() => job.run_id && go({ opened: { kind: "run", id: job.run_id } })}>
            {t("runs.open_run")}
          </button>
        )}
      </section>
      {job.shadow_report && <Shadow report={job.shadow_report} />}
      <Aside tiles={job.set_aside} />
      <Notes notes={job.progress?.notes} />
    </>
  );
}

function Head(props: { state: string; name: string; title: string; id: string }) {
  return (
    <header class="lead-head">
      <h2>{props.title}</h2>
      <p class="lead-sub">
        <span class="mono">{props.id}</span>
        <span class={`run-state ${props.state}`}>{props.name}</span>
      </p>
    </header>
  );
}

function Facts({ rows }: { rows: readonly [string, string][] }) {
  return (
    <div class="facts">
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** How a challenger's leads compare with those that are filed. */
function Shadow({ report }: { report: Readonly<Record<string, unknown>> }) {
  const rows = (
    [
      ["leads", t("runs.shadow.leads")],
      ["both", t("runs.shadow.both")],
      ["challenger_only", t("runs.shadow.challenger_only")],
      ["incumbent_only", t("runs.shadow.incumbent_only")],
    ] as const
  ).flatMap(([name, words]): [string, string][] =>
    typeof report[name] === "number" ? [[words, number(report[name])]] : [],
  );
  return (
    <Section title={t("runs.shadow.title")}>
      <Facts rows={rows} />
    </Section>
  );
}

/** What lies amid water and waits for another date. */
function Held({ run }: { run: RunDetail }) {
  if (!run.held_count) return null;
  const locale = LOCALES[language.get()];
  return (
    <Section title={t("runs.held_title", { count: number(run.held_count) })}>
      <p class="fine">{t("runs.held_note")}</p>
      <ul class="plain aside-tiles">
        {run.held.map((one) => (
          <li key={one.held_id}>
            <span class="mono">{`${one.lon.toFixed(5)} ${one.lat.toFixed(5)}`}</span>
            <span>
              {t("runs.held_line", {
                class: suspected(one.change_class),
                m2: squareMetres(one.area_m2, locale),
                reason: t(one.reason === "afloat" ? "runs.held.afloat" : "runs.held.drifted"),
              })}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Aside({ tiles }: { tiles: readonly SetAside[] }) {
  if (!tiles.length) return null;
  return (
    <Section title={t("runs.aside_title", { count: number(tiles.length) })}>
      <p class="fine">{t("runs.aside_note")}</p>
      <ul class="plain aside-tiles">
        {tiles.map((one) => (
          <li key={one.tile}>
            <span class="mono">{t("runs.tile", { number: one.tile })}</span>
            <span>{one.reason ?? t("value.unknown")}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Notes({ notes }: { notes: unknown }) {
  if (!Array.isArray(notes) || !notes.length) return null;
  return (
    <Section title={t("runs.notes")}>
      <ul class="notes">
        {notes.map((note, at) => (
          <li key={at}>{String(note)}</li>
        ))}
      </ul>
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
