/** Why an earlier session does not go on. */

/** The session cannot be taken up again. */
export class ResumeError extends Error {
  override readonly name: string = "ResumeError";
}

/** Another process is in it: two that write one file would each hide what the other adds. */
export class SessionInUseError extends ResumeError {
  override readonly name = "SessionInUseError";
  readonly pid: number;

  constructor(session: string, pid: number) {
    super(
      `Cannot resume "${session}": process ${pid} still has this session open; end it there first`,
    );
    this.pid = pid;
  }
}
