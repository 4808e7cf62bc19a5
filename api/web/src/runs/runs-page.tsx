/** The page of runs: what is under way, what was filed, and one of them with everything. */

import { useEffect, useState } from "preact/hooks";
import type { ApiProblem } from "../api/problem";
import type { Me, RunDetail } from "../api/types";
import { t, word } from "../i18n";
import { route } from "../route";
import { useStore } from "../store";
import { Notice, type Told } from "../ui/notice";
import { TopBar } from "../ui/top-bar";
import { RunList } from "./run-list";
import { RunPanel } from "./run-panel";
import { useOpened } from "./use-opened";
import { useRuns } from "./use-runs";
import { WithdrawDialog } from "./withdraw-dialog";
import { countsText } from "./words";

export function RunsPage({ me }: { me: Me }) {
  const { opened } = useStore(route);
  const list = useRuns();
  const [read, setRun] = useOpened(opened, list.round);
  /** The run that is asked to be withdrawn; the question goes with it. */
  const [asking, setAsking] = useState<string | null>(null);
  const [told, setTold] = useState<Told | null>(null);
  const close = () => setAsking(null);
  useEffect(close, [opened?.kind, opened?.id]);

  function done(run: RunDetail) {
    close();
    setRun(run);
    list.reload();
    const counts = run.withdrawal ? countsText("withdrawal_outcome", run.withdrawal.outcomes) : "";
    setTold({ text: `${word("machine_action", "withdrawn")} · ${counts || t("value.no")}`, bad: false });
  }

  function doneByAnother(problem: ApiProblem) {
    close();
    list.reload(); // reads the run again too: it tells who, when and why
    setTold({ text: t("runs.withdrawn_before"), detail: problem.detail, bad: true });
  }

  return (
    <div class={`shell runs-page ${opened ? "has-run" : ""}`}>
      <TopBar me={me} />
      <main class="runs-main" aria-label={t("runs.title")}>
        <RunList list={list} opened={opened} />
      </main>
      {opened && (
        <RunPanel
          read={read}
          mayWithdraw={me.rights.includes("withdraw")}
          onWithdraw={() => setAsking(opened.id)}
        />
      )}
      {read.run && read.run.run_id === asking && opened?.id === asking && (
        <WithdrawDialog run={read.run} onClose={close} onDone={done} onTaken={doneByAnother} />
      )}
      <Notice told={told} onClose={() => setTold(null)} />
    </div>
  );
}
