"""Mixed-model formulas as people write them, in the styles of lme4, glmmTMB and brms: all are read.

Canonical texts were checked by eye; what each operator means is tested elsewhere.
"""

import pytest

from glmm_bayes.spec.model_spec import ModelSpec

# formula, canonical text (None: it is canonical already)
FORMULAS = [
    # lme4: help pages, vignettes and the models of its data sets
    ("Reaction ~ Days + (Days | Subject)", "Reaction ~ Days + (1 + Days | Subject)"),
    ("Reaction ~ Days + (Days || Subject)", "Reaction ~ Days + (1 + Days || Subject)"),
    ("Reaction ~ Days + (1|Subject) + (0+Days|Subject)", "Reaction ~ Days + (1 + Days || Subject)"),
    ("Reaction ~ 1 + Days + (1 + Days | Subject)", "Reaction ~ Days + (1 + Days | Subject)"),
    ("Reaction ~ poly(Days, 2) + (1 | Subject)", None),
    (
        "Reaction ~ I(Days^2) + Days + (Days + I(Days^2) | Subject)",
        "Reaction ~ I(Days^2) + Days + (1 + Days + I(Days^2) | Subject)",
    ),
    ("diameter ~ 1 + (1|plate) + (1|sample)", "diameter ~ (1 | plate) + (1 | sample)"),
    ("strength ~ 1 + (1|batch) + (1|sample)", "strength ~ (1 | batch) + (1 | sample)"),
    ("strength ~ (1|batch/cask)", "strength ~ (1 | batch) + (1 | batch:cask)"),
    ("strength ~ 1 + (1 | batch:cask) + (1 | batch)", "strength ~ (1 | batch:cask) + (1 | batch)"),
    ("cbind(incidence, size - incidence) ~ period + (1 | herd)", None),
    (
        "cbind(incidence, size-incidence) ~ period + (1 | herd) + (1 | obs)",
        "cbind(incidence, size - incidence) ~ period + (1 | herd) + (1 | obs)",
    ),
    ("incidence / size ~ period + (1 | herd)", None),
    (
        "TICKS ~ YEAR + HEIGHT + (1|BROOD) + (1|INDEX) + (1|LOCATION)",
        "TICKS ~ YEAR + HEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
    ),
    (
        "TICKS ~ YEAR + scale(HEIGHT) + (1 | LOCATION/BROOD/INDEX)",
        "TICKS ~ YEAR + scale(HEIGHT) + (1 | LOCATION) + (1 | LOCATION:BROOD) + (1 | LOCATION:BROOD:INDEX)",
    ),
    (
        "TICKS ~ YEAR+scale(HEIGHT)+(1|BROOD)+(1|LOCATION)",
        "TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | LOCATION)",
    ),
    (
        "r2 ~ Anger + Gender + btype + situ + (1|id) + (1|item)",
        "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
    ),
    (
        "r2 ~ (Anger + Gender + btype + situ)^2 + (1|id) + (1|item:id)",
        "r2 ~ Anger + Gender + btype + situ + Anger:Gender + Anger:btype + Anger:situ "
        "+ Gender:btype + Gender:situ + btype:situ + (1 | id) + (1 | item:id)",
    ),
    ("r2 ~ Anger + Gender + btype + situ + mode + (1 + mode | id) + (0 + situ | item)", None),
    (
        "y ~ studage + lectage + service + dept + (1|s) + (1|d)",
        "y ~ studage + lectage + service + dept + (1 | s) + (1 | d)",
    ),
    (
        "y ~ service*dept + (1 | s) + (1 | d) + (1 | dept:service)",
        "y ~ service + dept + service:dept + (1 | s) + (1 | d) + (1 | dept:service)",
    ),
    (
        "y ~ 1 + (1|s) + (1|d) + (1|dept:service) + (1|dept)",
        "y ~ (1 | s) + (1 | d) + (1 | dept:service) + (1 | dept)",
    ),
    (
        "use ~ age + I(age^2) + urban + livch + (1|district)",
        "use ~ age + I(age^2) + urban + livch + (1 | district)",
    ),
    (
        "use ~ age*ch + I(age^2) + urban + (1 + urban | district)",
        "use ~ age + ch + I(age^2) + urban + age:ch + (1 + urban | district)",
    ),
    ("use ~ age + I(age^2) + urban + livch + (1 | urban:district)", None),
    (
        "mathgain ~ 1 + mathkind + sex + minority + ses + (1 | schoolid) + (1 | schoolid:classid)",
        "mathgain ~ mathkind + sex + minority + ses + (1 | schoolid) + (1 | schoolid:classid)",
    ),
    (
        "mAch ~ meanses*cses + sector*cses + (cses | school)",
        "mAch ~ meanses + cses + sector + meanses:cses + cses:sector + (1 + cses | school)",
    ),
    (
        "mathach ~ ses*sector + (ses - 1 | school) + (1 | school)",
        "mathach ~ ses + sector + ses:sector + (1 + ses || school)",
    ),
    (
        "angle ~ recipe * temperature + (1|recipe:replicate)",
        "angle ~ recipe + temperature + recipe:temperature + (1 | recipe:replicate)",
    ),
    ("angle ~ recipe + temp + (1 | replicate) + (1 | replicate:recipe)", None),
    ("distance ~ age + Sex + (age | Subject)", "distance ~ age + Sex + (1 + age | Subject)"),
    (
        "distance ~ I(age - 11) * Sex + (0 + I(age - 11) | Subject) + (1 | Subject)",
        "distance ~ I(age - 11) + Sex + I(age - 11):Sex + (1 + I(age - 11) || Subject)",
    ),
    ("height ~ age + (age | Subject)", "height ~ age + (1 + age | Subject)"),
    (
        "weight ~ poly(Time, 3)*Diet + (poly(Time, 2) | Chick)",
        "weight ~ poly(Time, 3) + Diet + poly(Time, 3):Diet + (1 + poly(Time, 2) | Chick)",
    ),
    ("Thickness ~ Source + (1 | Lot/Wafer)", "Thickness ~ Source + (1 | Lot) + (1 | Lot:Wafer)"),
    ("Thickness ~ Source - 1 + (0 + Source | Lot)", "Thickness ~ 0 + Source + (0 + Source | Lot)"),
    ("score ~ Machine + (0 + Machine | Worker)", None),
    ("score ~ Machine + (1 | Worker/Machine)", "score ~ Machine + (1 | Worker) + (1 | Worker:Machine)"),
    (
        "yield ~ nitro * Variety + (1 | Block/Variety)",
        "yield ~ nitro + Variety + nitro:Variety + (1 | Block) + (1 | Block:Variety)",
    ),
    ("yield ~ nitro + (1|Block) + (1|Variety:Block)", "yield ~ nitro + (1 | Block) + (1 | Variety:Block)"),
    (
        "logDens ~ sample * dilut + (1 | Block) + (1 | Block:sample) + (1 | Block:dilut)",
        "logDens ~ sample + dilut + sample:dilut + (1 | Block) + (1 | Block:sample) + (1 | Block:dilut)",
    ),
    ("conc ~ Type + log(dose) + (1 | Dog)", None),
    (
        "pixel ~ day + I(day^2) + (day | Dog) + (1 | Dog:Side)",
        "pixel ~ day + I(day^2) + (1 + day | Dog) + (1 | Dog:Side)",
    ),
    ("y ~ trt + I(week > 2) + (1 | ID)", None),
    ('y == "y" ~ trt + (1|ID)', 'y == "y" ~ trt + (1 | ID)'),
    ('success(y, "y") ~ trt + I(week > 2) + (1 | ID)', None),
    (
        "outcome ~ treatment*visit + (1|patientID)",
        "outcome ~ treatment + visit + treatment:visit + (1 | patientID)",
    ),
    (
        "resp ~ trt*(time + I(time^2)) + (1 + time || id)",
        "resp ~ trt + time + I(time^2) + trt:time + trt:I(time^2) + (1 + time || id)",
    ),
    ("Count ~ spp * mined + (1 | site)", "Count ~ spp + mined + spp:mined + (1 | site)"),
    (
        "RT ~ A*B + (A*B | subj) + (A*B | item)",
        "RT ~ A + B + A:B + (1 + A + B + A:B | subj) + (1 + A + B + A:B | item)",
    ),
    (
        "RT ~ A*B + (1 + A + B + A:B || subj) + (1 | item)",
        "RT ~ A + B + A:B + (1 + A + B + A:B || subj) + (1 | item)",
    ),
    ("log(RT) ~ cond + (1 + cond | subj) + (1 + cond | item)", None),
    (
        "rt ~ 1 + c1 + c2 + (1 | subj) + (0 + c1 | subj) + (0 + c2 | subj)",
        "rt ~ c1 + c2 + (1 + c1 + c2 || subj)",
    ),
    (
        "accuracy ~ frequency * length + (1 + frequency | participant) + (1 | word)",
        "accuracy ~ frequency + length + frequency:length + (1 + frequency | participant) + (1 | word)",
    ),
    (
        "-1/RT ~ Trial + NativeLanguage + (1 | Subject) + (1 | Word)",
        "-1 / RT ~ Trial + NativeLanguage + (1 | Subject) + (1 | Word)",
    ),
    # glmmTMB: vignettes
    ("count ~ mined + (1|site)", "count ~ mined + (1 | site)"),
    ("count ~ spp + mined + (1 | site)", None),
    (
        "SiblingNegotiation ~ FoodTreatment * SexParent + (1|Nest) + offset(log(BroodSize))",
        "SiblingNegotiation ~ FoodTreatment + SexParent + FoodTreatment:SexParent "
        "+ offset(log(BroodSize)) + (1 | Nest)",
    ),
    (
        "NCalls ~ (FoodTreatment + ArrivalTime)*SexParent + offset(logBroodSize) + (1|Nest)",
        "NCalls ~ FoodTreatment + ArrivalTime + SexParent + FoodTreatment:SexParent "
        "+ ArrivalTime:SexParent + offset(logBroodSize) + (1 | Nest)",
    ),
    (
        "NCalls ~ FoodTreatment*SexParent + ArrivalTime*SexParent + offset(log(BroodSize)) + (1|Nest)",
        "NCalls ~ FoodTreatment + SexParent + ArrivalTime + FoodTreatment:SexParent "
        "+ SexParent:ArrivalTime + offset(log(BroodSize)) + (1 | Nest)",
    ),
    (
        "cases ~ year + ns(age, 3) + offset(log(population)) + (1 | region)",
        "cases ~ year + ns(age, df = 3) + offset(log(population)) + (1 | region)",
    ),
    (
        "biomass ~ treatment * poly(day, 2, raw = TRUE) + (day | plot)",
        "biomass ~ treatment + poly(day, 2, raw = TRUE) + treatment:poly(day, 2, raw = TRUE) "
        "+ (1 + day | plot)",
    ),
    ("dead ~ dose + (1 | trial:batch)", None),
    (
        "takeover ~ C(fed, contr.sum) * C(sex, contr.sum) + (1 | nest)",
        'takeover ~ C(fed, contrast = "sum") + C(sex, contrast = "sum") '
        '+ C(fed, contrast = "sum"):C(sex, contrast = "sum") + (1 | nest)',
    ),
    ("visits ~ 0 + species + (0 + species | site)", None),
    # brms: help pages and vignettes
    ("count ~ zAge + zBase * Trt + (1|patient)", "count ~ zAge + zBase + Trt + zBase:Trt + (1 | patient)"),
    (
        "count ~ zAge + zBase*Trt + (1|patient) + (1|obs)",
        "count ~ zAge + zBase + Trt + zBase:Trt + (1 | patient) + (1 | obs)",
    ),
    ("rating ~ period + carry + treat + (1|subject)", "rating ~ period + carry + treat + (1 | subject)"),
    ("time | trials(n) ~ age * sex + (1|patient)", "time | trials(n) ~ age + sex + age:sex + (1 | patient)"),
    (
        "tarsus ~ sex + hatchdate + (1|p|fosternest) + (1|q|dam)",
        "tarsus ~ sex + hatchdate + (1 |p| fosternest) + (1 |q| dam)",
    ),
    ("back ~ sex + hatchdate + (1 |p| fosternest) + (1 |q| dam)", None),
    ("phen ~ cofactor + (1|gr(phylo, cov = A))", "phen ~ cofactor + (1 | gr(phylo, cov = A))"),
    ("phen ~ cofactor + (1 | gr(phylo, cov = A)) + (1 | species)", None),
    ('y ~ x + (1 | gr(id, by = sex, dist = "student"))', None),
    ("y ~ 1 + (1 | mm(s1, s2))", "y ~ (1 | mm(s1, s2))"),
    ("y ~ 1 + (1 | mm(s1, s2, weights = cbind(w1, w2)))", "y ~ (1 | mm(s1, s2, weights = cbind(w1, w2)))"),
    ("y ~ age + (1 + age | mm(school1, school2, weights = cbind(1, 2)))", None),
    ("success | trials(total) ~ 0 + condition + (0 + condition |p| subject)", None),
    (
        "admit | trials(applications) ~ 1 + male + (1 + male | dept)",
        "admit | trials(applications) ~ male + (1 + male | dept)",
    ),
    ("pulled_left ~ 0 + treatment + (1 | actor) + (1 | block)", None),
    ("surv | trials(density) ~ 1 + (1 | tank)", "surv | trials(density) ~ (1 | tank)"),
    (
        "total_tools ~ 1 + log_pop * contact_high + (1 | culture)",
        "total_tools ~ log_pop + contact_high + log_pop:contact_high + (1 | culture)",
    ),
    ("divorce ~ 1 + standardize(age) + (1 | region)", "divorce ~ standardize(age) + (1 | region)"),
    ("loss ~ bs(dev, df = 5) + (1 | AY)", None),
    ("yield ~ treat + (1 | gr(farm:field, by = region))", None),
    ("symptom_post ~ group + symptom_pre", None),
    (
        "y ~ x1 * x2 + (1 + x1 * x2 | g1) + (1 | g2)",
        "y ~ x1 + x2 + x1:x2 + (1 + x1 + x2 + x1:x2 | g1) + (1 | g2)",
    ),
    (
        'y | trials(10) ~ C(arm, ref = "placebo") * week + (week | id)',
        'y | trials(10) ~ C(arm, ref = "placebo") + week + C(arm, ref = "placebo"):week + (1 + week | id)',
    ),
    ("y ~ center(x) + (center(x) | g)", "y ~ center(x) + (1 + center(x) | g)"),
    # other studies
    ("log_radon ~ floor + log_uranium + (1 + floor | county)", None),
    (
        "radon ~ basement*uranium + (basement || county)",
        "radon ~ basement + uranium + basement:uranium + (1 + basement || county)",
    ),
    (
        "salary ~ experience + I(experience^2) + female + (experience | department/university)",
        "salary ~ experience + I(experience^2) + female + (1 + experience | department) + (1 "
        "+ experience | department:university)",
    ),
    (
        "lrt ~ standlrt + schgend + schav + (standlrt | school)",
        "lrt ~ standlrt + schgend + schav + (1 + standlrt | school)",
    ),
    (
        "normexam ~ 1 + standLRT + sex + schgend + (1 + standLRT | school)",
        "normexam ~ standLRT + sex + schgend + (1 + standLRT | school)",
    ),
    (
        "popular ~ 1 + sex + extrav + texp + extrav:texp + (1 + extrav | class)",
        "popular ~ sex + extrav + texp + extrav:texp + (1 + extrav | class)",
    ),
    (
        "bmi ~ bs(age, knots = c(2, 5, 10)):sex + sex + (1 | family/child)",
        "bmi ~ sex + bs(age, knots = c(2, 5, 10)):sex + (1 | family) + (1 | family:child)",
    ),
    ("fev1 ~ height * age + (I(age - 12) | id)", "fev1 ~ height + age + height:age + (1 + I(age - 12) | id)"),
    (
        "pain ~ factor(visit) + baseline + arm + arm:factor(visit) + (1 | centre/patient)",
        "pain ~ C(visit) + baseline + arm + C(visit):arm + (1 | centre) + (1 | centre:patient)",
    ),
    ("cd4^0.5 ~ days + (days | id)", "cd4^0.5 ~ days + (1 + days | id)"),
    (
        "sqrt(cd4) ~ obstime + obstime:drug + gender + prevOI + AZT + (obstime | patient)",
        "sqrt(cd4) ~ obstime + gender + prevOI + AZT + obstime:drug + (1 + obstime | patient)",
    ),
    (
        'deaths ~ offset(log(pyears)) + smoke + C(agegr, "treatment", ref = "35-44")',
        'deaths ~ smoke + C(agegr, ref = "35-44") + offset(log(pyears))',
    ),
    ("abundance ~ sin(2 * doy) + cos(2 * doy) + (1 | site) + (1 | year)", None),
    (
        "abundance ~ I(sin(6.2832 * doy / 365)) + I(cos(6.2832 * doy / 365)) + (1 | site/transect)",
        "abundance ~ I(sin(6.2832 * doy / 365)) + I(cos(6.2832 * doy / 365)) + (1 | site) "
        "+ (1 | site:transect)",
    ),
    ("biomass ~ log1p(nitrogen) + pmin(depth, 30) + (1 | lake)", None),
    ("prop ~ asin(sqrt(cover)) + (1 | plot)", None),
    ("y ~ A/B + (1 | A:C)", "y ~ A + A:B + (1 | A:C)"),
    ("y ~ (a + b + c)^2 - a:c + (1 | g)", "y ~ a + b + c + a:b + b:c + (1 | g)"),
    (
        'y ~ days_since(visit, "2019-01-01") * arm + (1 | id)',
        'y ~ days_since(visit, "2019-01-01") + arm + days_since(visit, "2019-01-01"):arm + (1 | id)',
    ),
    ('y ~ ordered(dose, "low", "mid", "high") + (1 | block)', None),
    (
        "temp ~ cr(hour, 6) + (1 | station) + (0 + hour | station)",
        "temp ~ cr(hour, df = 6) + (1 + hour || station)",
    ),
    (
        "wage ~ ns(age, df = 4, lower = 18, upper = 65) * sex + (1 | firm)",
        "wage ~ ns(age, df = 4, lower = 18, upper = 65) + sex "
        "+ ns(age, df = 4, lower = 18, upper = 65):sex + (1 | firm)",
    ),
    ("`Reaction time` ~ `Hours of sleep` + (1 | `Subject No`)", None),
    ("Größe ~ Alter + (Alter | Schule)", "Größe ~ Alter + (1 + Alter | Schule)"),
    (
        "sepal.length ~ petal.length*species + (petal.length | site.id)",
        "sepal.length ~ petal.length + species + petal.length:species + (1 + petal.length | site.id)",
    ),
    ("y ~ x + (1 | g1) + (1 | g2) + (1 | g1:g2)", None),
    ("y ~ x + (x | g1) + (x | g2) + (x | g1:g2)", "y ~ x + (1 + x | g1) + (1 + x | g2) + (1 + x | g1:g2)"),
    ("y ~ x*z + (x + z | g) + (0 + x:z | g)", "y ~ x + z + x:z + (1 + x + z | g) + (0 + x:z | g)"),
    ("y ~ 0 + arm + arm:time + (0 + arm | centre)", None),
    ('y ~ time + (0 + time | gr(id, structure = "ar1"))', None),
    ('rate ~ deprivation + (1 | gr(area, structure = "bym2", graph = W))', None),
    ('y ~ x + (1 | gr(site, structure = "matern", coordinates = cbind(easting, northing)))', None),
]


@pytest.mark.parametrize(("formula", "canonical"), FORMULAS)
def test_a_formula_of_a_real_study_is_read_and_reads_back(formula, canonical):
    spec = ModelSpec.from_formula(formula)
    assert spec.to_formula() == (canonical or formula)
    assert ModelSpec.from_formula(spec.to_formula()) == spec


def test_the_table_holds_a_hundred_formulas():
    assert len({formula for formula, _ in FORMULAS}) == len(FORMULAS) >= 100
