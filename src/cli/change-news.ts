/** What is said of a change, a guard or a rebuild that goes on; each renderer adds what is its own. */
import { formatBytes } from '../base/bytes.ts';
import type { InPlaceEvent } from '../operations/in-place/in-place-input.ts';
import type { ChangeWords } from './change-words.ts';
import { showName, type Output } from './output.ts';

type CopyNews = Extract<InPlaceEvent, { kind: 'progress' | 'warning' }>;
type ChangeNews = Extract<InPlaceEvent, { kind: 'step' | 'judging' }> | CopyNews;

export function tellChange(output: Output, news: ChangeNews, words: ChangeWords): void {
  switch (news.kind) {
    case 'step': {
      const { step, direction } = news;
      const said = words[direction][step];
      if (said !== undefined) output.say(said);
      output.emit({ message_type: 'step', step, direction });
      break;
    }
    case 'judging':
      output.say('checking the databases');
      output.emit({ message_type: 'step', step: 'judge', direction: 'forward' });
      break;
    case 'progress':
    case 'warning':
      tellCopying(output, news);
  }
}

export function tellCopying(output: Output, news: CopyNews): void {
  if (news.kind === 'warning') {
    output.notice(showName(news.message));
    return;
  }
  const { phase, doneBytes } = news;
  output.status(() => `${phase}: ${formatBytes(doneBytes)}`);
  output.emitStatus(() => ({ message_type: 'status', phase, bytes_done: doneBytes }));
}
