/** What commands and first steps need of a front end, whether it draws a screen or prints lines. */
import type { CellContext } from "./cells.ts";
import type { FrontEnd } from "./front-end.ts";
import type { MenuRequest } from "./menu.ts";
import type { SideWork } from "./side-work.ts";
import type { Row } from "./styled.ts";

export interface Ui {
  readonly frontEnd: FrontEnd;
  readonly cellContext: CellContext;
  /** For good. */
  readonly print: (rows: readonly Row[]) => void;
  /** The id of the choice; undefined when the user cancelled. */
  readonly choose: (menu: MenuRequest) => Promise<string | undefined>;
  /** Nothing of what is typed is shown. Undefined when the user cancelled. */
  readonly readSecret: (title: string) => Promise<string | undefined>;
  /** What goes on beside the conversation; whoever sets it takes it away again. */
  sideWork: SideWork | undefined;
}
