/** Short names for the bodies of the generated client. */

import type { components, operations } from "./schema";

type Bodies = components["schemas"];

export type Me = Bodies["Me"];
export type LeadSummary = Bodies["LeadSummary"];
export type LeadDetail = Bodies["LeadDetail"];
export type LeadPage = Bodies["LeadPage"];
export type LeadCount = Bodies["LeadCount"];
export type Queue = Bodies["Queue"];
export type Step = Bodies["Step"];
export type Taken = Bodies["Taken"];
export type Action = Bodies["Action"];
export type Status = Bodies["Status"];
export type Role = Bodies["Role"];
export type Priority = Bodies["Priority"];
export type ZoneKind = Bodies["ZoneKind"];
export type Vocabulary = Bodies["Vocabulary"];
export type Transition = Bodies["TransitionAnswer"];
export type Layer = Bodies["LayerAnswer"];
export type LeadFeatures = Bodies["LeadFeatures"];
export type ZoneFeatures = Bodies["ZoneFeatures"];
export type Overlap = Bodies["OverlapAnswer"];
export type ScoreCard = Bodies["ScoreCardAnswer"];
export type ScoreItem = Bodies["ScoreItem"];
export type LeadEvent = Bodies["EventAnswer"];
export type LeadLink = Bodies["LinkAnswer"];
export type Pictures = Bodies["PictureAnswer"];
export type Outline = Bodies["Outline"];
export type LeadQuery = NonNullable<operations["list_leads"]["parameters"]["query"]>;
export type LeadOrder = Bodies["LeadOrder"];
export type Names = Bodies["Words"];
export type Run = Bodies["RunAnswer"];
export type RunDetail = Bodies["RunDetail"];
export type Job = Bodies["JobAnswer"];
export type JobDetail = Bodies["JobDetail"];
export type Progress = Bodies["ProgressAnswer"];
export type SetAside = Bodies["SetAside"];
export type Coverages = Bodies["Coverages"];
export type DistrictCoverage = Bodies["DistrictCoverage"];
export type CoverageCorners = Bodies["CoverageMap"];
export type Watch = Bodies["WatchAnswer"];
export type Pass = Bodies["PassAnswer"];
