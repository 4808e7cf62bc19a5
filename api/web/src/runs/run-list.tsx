/** Runs under way, waiting and failed, and below them those that were filed. */

import { problemKey } from "../api/problem";
import type { Job, Run } from "../api/types";
import { instant } from "../domain/format";
import { language, LOCALES, t } from "../i18n";
import { addressOf, go, route, type Opened } from "../route";
import { JobBar } from "./job-bar";
import type { RunList as Runs } from "./use-runs";
import { number, stateName } from "./words";

export function RunList({ list, opened }: { list: Runs; opened: Opened | null }) {
  if (list.waiting) return <p class="waiting">{t("app.loading")}</p>;
  return (
    <div class="runs-scroll">
      {list.problem && (
        <p class="problem" role="alert">
          {t(problemKey(list.problem))}{" "}
          <button type="button" onClick={list.reload}>
            {t("action.again")}
          </button>
        </p>
      )}
      <h2>{t("runs.open")}</h2>
      {list.jobs.length ? (
        <ul class="plain run-rows" aria-label={t("runs.open")}>
          {list.jobs.map((job) => (
            <JobRow key={job.job_id} job={job} open={opened?.id === job.job_id} />
          ))}
        </ul>
      ) : (
        <p class="fine">{t("runs.none_open")}</p>
      )}
      <h2>{t("runs.filed")}</h2>
      {list.runs.length ? (
        <ul class="plain run-rows" aria-label={t("runs.filed")}>
          {list.runs.map((run) => (
            <RunRow key={run.run_id} run={run} open={opened?.id === run.run_id} />
          ))}
        </ul>
      ) : (
        <p class="fine">{t("runs.none_filed")}</p>
      )}
      {list.more && (
        <button type="button" class="more" onClick={list.loadMore}>
          {t("list.more")}
        </button>
      )}
    </div>
  );
}

function JobRow({ job, open }: { job: Job; open: boolean }) {
  const locale = LOCALES[language.get()];
  return (
    <li>
      <Link to={{ kind: "job", id: job.job_id }} open={open}>
        <span class="run-head">
          <span class={`run-state ${job.stalled ? "stalled" : job.state}`}>{stateName(job)}</span>
          <strong>
            {job.before} → {job.after}
          </strong>
        </span>
        <JobBar job={job} />
        {job.error && <span class="run-error">{job.error}</span>}
        <span class="run-line">
          <span>
            {job.detector}
            {job.shadow && ` · ${t("runs.shadow")}`}
          </span>
          <time dateTime={job.created_at}>{instant(job.created_at, locale)}</time>
        </span>
      </Link>
    </li>
  );
}

function RunRow({ run, open }: { run: Run; open: boolean }) {
  const locale = LOCALES[language.get()];
  const leads = Number(run.summary["leads"] ?? 0);
  return (
    <li>
      <Link to={{ kind: "run", id: run.run_id }} open={open}>
        <span class="run-head">
          <span class={`run-state ${run.withdrawal ? "withdrawn" : "filed"}`}>
            {t(run.withdrawal ? "runs.state.withdrawn" : "runs.state.filed")}
          </span>
          <strong>
            {run.date_before} → {run.date_after}
          </strong>
          <span class="run-leads">{t("runs.leads", { count: number(leads) })}</span>
        </span>
        <span class="run-line">
          <span>{run.detector}</span>
          <time dateTime={run.filed_at}>{instant(run.filed_at, locale)}</time>
        </span>
      </Link>
    </li>
  );
}

interface LinkProps {
  to: Opened;
  open: boolean;
  children: preact.ComponentChildren;
}

function Link({ to, open, children }: LinkProps) {
  function show(event: MouseEvent) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab
    event.preventDefault();
    go({ opened: to });
  }
  return (
    <a
      href={addressOf({ ...route.get(), opened: to })}
      class="run-row"
      aria-current={open ? "true" : undefined}
      onClick={show}
    >
      {children}
    </a>
  );
}
