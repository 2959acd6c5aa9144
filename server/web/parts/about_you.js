// The fields about a person that recommendations may use. All of them may stay empty.
import { field } from "./form.js";

const AGES = ["under 18", "18-24", "25-34", "35-44", "45-54", "55-64", "65+"];
const COUNTRIES = "AT AU BE BG BR CA CH CN CY CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP KR LT LU LV MT MX NL NO NZ PL PT RO SE SI SK TR UA US ZA".split(" ");
const GENDERS = [["f", "Female"], ["m", "Male"], ["x", "Another"]];

function countries() {
  const names = new Intl.DisplayNames(undefined, { type: "region" });
  return COUNTRIES.map((c) => [c, names.of(c)]).sort((a, b) => a[1].localeCompare(b[1]));
}

/* A value that the shop has and this list has not stays what it is. */
function choices(list, value) {
  const all = [["", "Rather not say"], ...list];
  return value && !list.some(([v]) => v === value) ? [...all, [value, value]] : all;
}

export function aboutYou(user = {}) {
  return [
    field("name", "Name", { autocomplete: "name", maxlength: 200, value: user.name ?? "" }, { hint: "Shown beside your reviews." }),
    field("age_band", "Age", { value: user.age_band ?? "" }, { options: choices(AGES.map((a) => [a, a]), user.age_band) }),
    field("gender", "Gender", { value: user.gender ?? "" }, { options: choices(GENDERS, user.gender) }),
    field("country", "Country", { autocomplete: "country", value: user.country ?? "" }, { options: choices(countries(), user.country), hint: "Age, gender and country help to recommend something while we do not know your taste yet." }),
  ];
}
