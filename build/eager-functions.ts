/**
 * Marks the functions of a script for V8 to compile at once.
 *
 * Node makes main's code cache from the script as it is compiled, before it runs, and V8 leaves out
 * of it whatever it compiles lazily: each function that a start calls would be compiled by that
 * start, 2 % of it. V8 takes a function in parentheses for one that is about to be called, and
 * compiles it. Only worth it for a small script whose functions most starts call.
 */
import { parse, type AnyNode } from "acorn";
import { fullAncestor } from "acorn-walk";

/** `code`: a script that declares each function before the statement that first calls it. */
export function withEagerFunctions(code: string): string {
  const edits: { readonly at: number; readonly text: string; readonly isEnd: boolean }[] = [];
  const wrap = ({ start, end }: AnyNode, before: string, after: string): void => {
    edits.push({ at: start, text: before, isEnd: false }, { at: end, text: after, isEnd: true });
  };
  const program = parse(code, { ecmaVersion: 2024, allowReturnOutsideFunction: true });
  fullAncestor(program, (node, _state, ancestors) => {
    if (node.type === "FunctionDeclaration" && node.id !== null) {
      // Within another block, a variable would be seen where the function is not.
      const [outer, parent] = ancestors.slice(-3, -1);
      const isOfScope = parent === undefined || outer?.type.includes("Function") === true;
      if (isOfScope) wrap(node, `var ${node.id.name}=(`, ");");
    } else if (
      node.type === "ArrowFunctionExpression" ||
      // The text of a method or getter is no expression.
      (node.type === "FunctionExpression" && /^(?:async )?function\b/.test(code.slice(node.start)))
    ) {
      wrap(node, "(", ")");
    }
  });
  // What ends somewhere ends before what begins there.
  edits.sort((one, other) => one.at - other.at || Number(other.isEnd) - Number(one.isEnd));
  let result = "";
  let copied = 0;
  for (const { at, text } of edits) {
    result += code.slice(copied, at) + text;
    copied = at;
  }
  return result + code.slice(copied);
}
