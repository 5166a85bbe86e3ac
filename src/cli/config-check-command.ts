/** `codex config check`: what is set, by which layer, and what is wrong. */
import {
  formatPlace,
  type ConfigProblem,
  formatProblem,
  refusedKeys,
} from "../config/config-error.ts";
import { type ConfigReport, type ReportedSetting, reportConfig } from "../config/config-report.ts";
import { formatPath } from "../config/toml-value.ts";
import { configInput } from "./conversation-settings.ts";
import { hasFlag, type Invocation } from "./invocation.ts";
import { print } from "./output.ts";
import { readProcessContext } from "./process-context.ts";

/** 0 when the configuration can be used. With --strict-config, an unknown key is an error. */
export async function runConfigCheckCommand(invocation: Invocation): Promise<number> {
  const found = await reportConfig(configInput(invocation, readProcessContext()));
  const report = hasFlag(invocation, "--strict-config") ? asStrict(found) : found;
  const isGood = report.errors.length === 0;
  print(hasFlag(invocation, "--json") ? reportAsJson(report, isGood) : reportAsText(report));
  return isGood ? 0 : 1;
}

function asStrict(report: ConfigReport): ConfigReport {
  return {
    ...report,
    errors: [...report.errors, ...refusedKeys(report.warnings)],
    warnings: report.warnings.filter(({ isUnknownKey }) => isUnknownKey !== true),
  };
}

function reportAsText(report: ConfigReport): string {
  const rows = report.settings.map((setting) => ({
    left: `${formatPath(setting.key)} = ${formatValue(setting)}`,
    right: describeOrigin(setting),
  }));
  const width = Math.min(MAX_LEFT_WIDTH, Math.max(0, ...rows.map(({ left }) => left.length)));
  const lines = [
    `${report.file}${report.fileExists ? "" : " (not there: defaults are in force)"}`,
    ...rows.map(({ left, right }) => `  ${left.padEnd(width)}  # ${right}`),
    ...report.errors.map((problem) => `error: ${formatProblem(problem)}`),
    ...report.warnings.map((problem) => `warning: ${formatProblem(problem)}`),
    `${count(report.errors.length, "error")}, ${count(report.warnings.length, "warning")}`,
  ];
  return `${lines.join("\n")}\n`;
}

const MAX_LEFT_WIDTH = 60;

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function formatValue({ value }: ReportedSetting): string {
  // JSON is TOML for the strings, numbers, booleans and arrays that settings are.
  return value === undefined ? "(hidden)" : JSON.stringify(value);
}

function describeOrigin({ layer, place }: ReportedSetting): string {
  if (place === undefined) return layer;
  const where = formatPlace(place);
  return where.startsWith(`${layer} `) ? where : `${layer}: ${where}`;
}

function reportAsJson(report: ConfigReport, isGood: boolean): string {
  const json = {
    ok: isGood,
    codex_home: report.codexHome,
    file: report.file,
    file_exists: report.fileExists,
    profile: report.profile ?? null,
    settings: report.settings.map(({ key, value, layer, place }) => ({
      key: formatPath(key),
      ...(value === undefined ? { hidden: true } : { value }),
      layer,
      source: place === undefined ? null : formatPlace(place),
    })),
    errors: report.errors.map(problemAsJson),
    warnings: report.warnings.map(problemAsJson),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

function problemAsJson(problem: ConfigProblem) {
  const { key, place, complaint } = problem;
  const inFile = place?.kind === "file" ? place : undefined;
  return {
    message: formatProblem(problem),
    key: key === undefined ? null : formatPath(key),
    complaint,
    file: inFile?.file ?? null,
    line: inFile?.line ?? null,
    column: inFile?.column ?? null,
    argument: place?.kind === "argument" ? place.argument : null,
  };
}
