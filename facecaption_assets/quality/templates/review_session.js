// What a review session knows and does, without a page: it can be driven key by key.
const QUESTIONS = ["naturalness", "grammatical", "relevance"];
const LETTERS = "acdefijklpqrstvwyz"; // Those that are left by b, g, h, m, o, u and x.
const PSEUDONYM = /^[A-Za-z0-9_-]{1,32}$/;

class Session {
  constructor(content, saved) {
    this.content = content;
    this.items = content.items;
    this.ids = new Map(this.items.map((item, place) => [item.id, place]));
    this.reviewer = saved?.reviewer ?? "";
    this.answers = saved?.answers ?? {};
    this.undone = [];
    this.question = 0;
    this.place = this.ids.get(saved?.item) ?? 0;
    this.go(this.place);
  }

  get item() { return this.items[this.place]; }
  get answer() { return this.answers[this.item.id] ?? { wrong: [], missing: [], done: false }; }
  get isComplete() { return isComplete(this.answer); }
  get numDone() { return this.items.filter(item => this.answers[item.id]?.done).length; }

  saved() { return { reviewer: this.reviewer, item: this.item.id, answers: this.answers }; }

  go(place) {
    this.place = Math.max(0, Math.min(this.items.length - 1, place));
    const open = QUESTIONS.findIndex(name => this.answer[name] === undefined);
    this.question = open < 0 ? QUESTIONS.length : open;
  }

  change(fields) {
    this.undone.push({ place: this.place, before: this.answers[this.item.id] });
    this.answers = { ...this.answers, [this.item.id]: { ...this.answer, ...fields } };
  }

  say(name, value) {
    this.change({ [name]: value });
    this.question = QUESTIONS.indexOf(name) + 1;
  }

  // A caption cannot both say a thing wrongly and lack it: the later mark holds.
  mark(list, name) {
    const other = list === "wrong" ? "missing" : "wrong";
    const marked = this.answer[list].includes(name);
    this.change({
      [list]: marked ? this.answer[list].filter(each => each !== name) : [...this.answer[list], name],
      [other]: this.answer[other].filter(each => each !== name),
    });
  }

  undo() {
    const last = this.undone.pop();
    if (!last) return false;
    const { [this.items[last.place].id]: _, ...others } = this.answers;
    this.answers = last.before ? { ...others, [this.items[last.place].id]: last.before } : others;
    this.go(last.place);
    return true;
  }

  // On to the next caption; this one is done if nothing that it needs is open.
  next() {
    if (this.isComplete && !this.answer.done) this.change({ done: true });
    if (this.place + 1 < this.items.length) this.go(this.place + 1);
    else this.goToOpen();
  }

  goToOpen() {
    const open = this.items.findIndex(item => !this.answers[item.id]?.done);
    if (open >= 0) this.go(open);
  }

  // Whether the key meant something; what it meant to the page is left to the page.
  press(key) {
    const wrong = this.keysOfWrong().get(key);
    if (key >= "1" && key <= "5" && QUESTIONS[this.question] !== "grammatical"
        && this.question < QUESTIONS.length) this.say(QUESTIONS[this.question], Number(key));
    else if (key === "g" || key === "b") this.say("grammatical", key === "g");
    else if (wrong) this.mark("wrong", wrong);
    else if (key === "u") this.undo();
    else if (key === "ArrowRight" || key === "Enter") this.next();
    else if (key === "ArrowLeft") this.go(this.place - 1);
    else if (key === "ArrowUp") this.question = Math.max(0, this.question - 1);
    else if (key === "ArrowDown") this.question = Math.min(QUESTIONS.length, this.question + 1);
    else return false;
    return true;
  }

  keysOfWrong() {
    const keys = this.item.mayBeWrong.slice(0, LETTERS.length).map((name, i) => [LETTERS[i], name]);
    return new Map([...keys, ["o", this.content.somethingElse]]);
  }

  exported() {
    const answers = this.items.filter(item => this.answers[item.id]?.done).map(item => {
      const { naturalness, grammatical, relevance, wrong, missing } = this.answers[item.id];
      const sorted = [[...wrong].sort(), [...missing].sort()];
      return { item: item.id, naturalness, grammatical, relevance, wrong: sorted[0], missing: sorted[1] };
    });
    const { schema, review } = this.content;
    return { schema_version: schema, review, reviewer: this.reviewer, answers };
  }

  // Takes the answers of an exported file where there are none yet; says what it did.
  import(file) {
    if (file?.review !== this.content.review || file.schema_version !== this.content.schema)
      return "This file is of another review.";
    if (file.reviewer !== this.reviewer)
      return `This file is by ${file.reviewer}; you are ${this.reviewer}.`;
    const fresh = (Array.isArray(file.answers) ? file.answers : []).filter(answer =>
      this.ids.has(answer.item) && !this.answers[answer.item]?.done && isComplete(answer)
      && Array.isArray(answer.wrong) && Array.isArray(answer.missing));
    for (const { item, ...answer } of fresh) this.answers = { ...this.answers, [item]: { ...answer, done: true } };
    this.undone = [];
    this.goToOpen();
    return `Answers taken from the file: ${fresh.length}.`;
  }
}

function isComplete(answer) {
  return QUESTIONS.every(name => answer[name] !== undefined);
}
