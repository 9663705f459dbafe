/**
 * Splits a command written in one string into program and arguments, exactly as restic does
 * (internal/backend/shell_split.go), because RESTIC_PASSWORD_COMMAND is shared with it: white
 * space separates outside quotes, either quote groups, nothing is expanded and no shell runs. A
 * quote in the middle of a word begins a new argument, and a backslash outside quotes separates
 * as white space does; inside quotes a backslash keeps the quote after it, and stays.
 *
 * @returns the arguments, at least one, or what is wrong
 */
export function splitCommand(command: string): string[] | { problem: string } {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let last = '';
  const endWord = () => {
    if (word !== '') words.push(word);
    word = '';
  };
  for (const char of command) {
    const isQuote = last !== '\\' && (quote === '' ? char === '"' || char === "'" : char === quote);
    if (isQuote) {
      quote = quote === '' ? char : '';
      endWord();
      continue; // restic does not count a quote as the character before the next one
    }
    last = char;
    if (quote === '' && (char === '\\' || isSpace(char))) endWord();
    else word += char;
  }
  endWord();
  if (quote !== '')
    return { problem: `a ${quote === '"' ? 'double' : 'single'} quote is not closed` };
  return words.length === 0 ? { problem: 'the command is empty' } : words;
}

/** Go's `unicode.IsSpace`: JavaScript's white space without U+FEFF, with U+0085. */
function isSpace(char: string): boolean {
  return char === '\u0085' || (char !== '\uFEFF' && /\s/.test(char));
}
