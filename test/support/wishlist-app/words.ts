/** Texts of a household's wishes: words with accents and other scripts, in the app's file names too. */
import type { SeededRandom } from './seeded-random.ts';

const NOUNS =
  'teapot blanket bookshelf headphones backpack candle cutting-board sweater sledge telescope ukulele hammock skillet globe compass tent lantern rucksack Wärmflasche Fußball crêpière bougie 本 靴下 мяч ёлка'.split(
    ' ',
  );
const ADJECTIVES =
  'red blue tiny huge wooden woollen silver second-hand foldable waterproof quiet bright warm grün süß léger doux 赤い тёплый'.split(
    ' ',
  );
const FILLERS =
  'please the one with a longer handle if possible or any similar from the shop around corner size medium colour does not matter much thanks see link for details only when it is on offer otherwise skip and choose something else we already have two of these at home'.split(
    ' ',
  );
const FIRST = 'Amelie Björn Carla Dorian Eva Farid Gül Henrik Ida Jun Karim Léa'.split(' ');
const LAST = "Ackermann Bianchi Çelik Duarte Eklund Fontaine Grün Hansen O'Neill Petrenko".split(
  ' ',
);

export function makeItemName(random: SeededRandom): string {
  const name = `${random.pick(ADJECTIVES)} ${random.pick(NOUNS)}`;
  return random.chance(0.4) ? `${name} ${random.below(9000)}` : name;
}

/** Runs of words that belong together: text of people compresses far better than words at random. */
export function makeNote(random: SeededRandom, wordCount: number): string {
  const words: string[] = [];
  while (words.length < wordCount) {
    const at = random.below(FILLERS.length - 8);
    words.push(...FILLERS.slice(at, at + 2 + random.below(7)));
  }
  return words.slice(0, wordCount).join(' ');
}

export function makePersonName(random: SeededRandom): string {
  return `${random.pick(FIRST)} ${random.pick(LAST)}`;
}

/**
 * The file name the app gives an uploaded picture: what is left of the item's name in Latin letters,
 * then the time. A name in another script leaves a leading dash.
 */
export function pictureName(itemName: string, timeMs: number): string {
  const slug = itemName
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 64);
  return `${slug}-${timeMs}.webp`;
}
