/* Building the discrete-event system: all memory it will need. */
#include "edgesplit/alloc.h"
#include "express.h"

/* Streams of all devices for one kind of service; so many kinds. */
enum { HEAD_DRAWS = 0, CLOUD_DRAWS = 1, TAIL_DRAWS = 2, N_DRAWS = 4 };
static es_exponentials *open_draws(const es_world *world, uint32_t kind) {
    return es_exponentials_create(world->n_devices, world->config.seed, world->config.replication,
                                  ES_RNG_SERVICE, kind, N_DRAWS);
}

static es_status create_sources(es_world *world) {
    open_system *open = world->open;
    bool thinks = false, heads = false, tails = false, clouds = false;
    for (size_t g = 0; g < world->config.n_groups; g++) {
        const es_group *group = &world->config.groups[g];
        world->groups[g].first_source = open->n_sources;
        open->n_sources += group->n_devices * (group->population > 0 ? group->population : 1);
        thinks = thinks || group->exponential_think;
        heads = heads || group->exponential_head;
        tails = tails || group->exponential_tail;
        clouds = clouds || group->exponential_cloud;
    }
    bool several = open->n_sources > world->n_devices;
    if (several)
        open->device_of = es_alloc(open->n_sources, sizeof *open->device_of);
    if (thinks)
        open->thinks = es_alloc(open->n_sources, sizeof *open->thinks);
    if (heads)
        open->head_draws = open_draws(world, HEAD_DRAWS);
    if (tails)
        open->tail_draws = open_draws(world, TAIL_DRAWS);
    if (clouds)
        open->cloud_draws = open_draws(world, CLOUD_DRAWS);
    if ((several && open->device_of == NULL) || (thinks && open->thinks == NULL) ||
        (heads && open->head_draws == NULL) || (tails && open->tail_draws == NULL) ||
        (clouds && open->cloud_draws == NULL))
        return ES_NO_MEMORY;
    for (size_t i = 0; thinks && i < open->n_sources; i++)
        es_rng_open(&open->thinks[i], world->config.seed, world->config.replication, ES_RNG_THINK,
                    (uint32_t)i);
    for (size_t g = 0, source = 0; several && g < world->config.n_groups; g++) {
        const es_group *group = &world->config.groups[g];
        size_t n = group->population > 0 ? group->population : 1;
        for (size_t i = 0; i < group->n_devices * n; i++)
            open->device_of[source++] = (uint32_t)(world->groups[g].first_device + i / n);
    }
    return ES_OK;
}

/* Numbers the propagation lines of a direction; returns how many there are. */
static size_t number_lines(es_world *world, bool up) {
    size_t *n = &world->open->n_lines[up];
    for (size_t g = 0; g < world->config.n_groups; g++) {
        const es_group *group = &world->config.groups[g];
        world->groups[g].first_line[up] = *n;
        *n += line_is_own(up ? &group->uplink : &group->downlink) ? group->n_devices : 1;
    }
    return *n;
}

/* Gives every device its downlink, and every link that is shared its crowd. */
static es_status create_links(es_world *world) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    uint32_t n_crowds = 0;
    open->downlinks = es_alloc(world->n_devices, sizeof *open->downlinks);
    for (int up = 0; up < 2; up++)
        open->lines[up] = es_alloc(number_lines(world, up), sizeof *open->lines[up]);
    if (open->downlinks == NULL || open->lines[0] == NULL || open->lines[1] == NULL)
        return ES_NO_MEMORY;
    for (size_t g = 0; g < config->n_groups; g++) {
        const es_group *group = &config->groups[g];
        struct device *devices = world->devices + world->groups[g].first_device;
        for (size_t i = 0; i < group->n_devices && group->downlink.rate != NULL; i++)
            devices[i].downlink =
                links_join(&group->downlink, g, i, open->downlinks, &open->n_downlinks);
        for (size_t i = 0; i < group->n_devices; i++) {
            if (group->uplink.discipline == ES_PS)
                world->uplinks[devices[i].uplink].crowd = 0;
            if (group->downlink.rate != NULL && group->downlink.discipline == ES_PS)
                open->downlinks[devices[i].downlink].crowd = 0;
        }
    }
    for (size_t i = 0; i < world->n_uplinks; i++)
        if (world->uplinks[i].crowd != NOBODY)
            world->uplinks[i].crowd = n_crowds++;
    for (size_t i = 0; i < open->n_downlinks; i++)
        if (open->downlinks[i].crowd != NOBODY)
            open->downlinks[i].crowd = n_crowds++;
    open->backhaul =
        (struct link){.flow = {.rate = config->backhaul.rate},
                      .crowd = config->backhaul.discipline == ES_PS ? n_crowds++ : NOBODY};
    open->crowds = es_alloc(n_crowds, sizeof *open->crowds);
    return open->crowds != NULL ? ES_OK : ES_NO_MEMORY;
}

static bool has_jobs(const es_world_config *config) {
    return config->background.rate_hz > 0 || config->background.arrivals.n > 0;
}

/* The ring of requests, and behind it probes and jobs of others. */
static es_status create_requests(es_world *world) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    bool delays = false;
    size_t capacity = 2;
    while (capacity < config->max_backlog && capacity < config->n_steps)
        capacity *= 2;
    size_t n_probes = config->probe_every_ns > 0 ? world->n_devices : 0;
    size_t n_jobs = has_jobs(config) ? config->max_backlog : 0;
    for (size_t g = 0; g < config->n_groups; g++)
        delays = delays || config->groups[g].uplink.delay != NULL ||
                 config->groups[g].downlink.delay != NULL;
    bool known = config->outcomes || !world_knows_truth(config);
    open->mask = (uint32_t)(capacity - 1);
    open->first_probe = (uint32_t)capacity;
    open->first_job = (uint32_t)(capacity + n_probes);
    open->requests = es_alloc(capacity + n_probes + n_jobs, sizeof *open->requests);
    if (known)
        open->known = es_alloc(capacity, sizeof *open->known);
    if (delays)
        open->delays = es_alloc(capacity, sizeof *open->delays);
    if (has_cloud(config))
        open->beyond = es_alloc(capacity, sizeof *open->beyond);
    if (n_probes > 0)
        open->probe_cursors = es_alloc(n_probes, sizeof *open->probe_cursors);
    if (open->requests == NULL || (known && open->known == NULL) ||
        (delays && open->delays == NULL) || (has_cloud(config) && open->beyond == NULL) ||
        (n_probes > 0 && open->probe_cursors == NULL))
        return ES_NO_MEMORY;
    for (size_t i = 0; i < n_jobs; i++)
        fifo_push(open->requests, &open->free_jobs, open->first_job + (uint32_t)i);
    return ES_OK;
}

static bool has_delay(const es_link *link) {
    return link->propagation_ns > 0 || link->delay != NULL;
}

/* Numbers the slots; see system.h. */
static es_status create_engine(es_world *world) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    struct slots *slots = &open->slots;
    bool up = false, down = false;
    if (open->express != NULL) {
        slots->arrival = express_slots(world);
        return es_engine_create(slots->arrival + open->n_sources, &open->engine);
    }
    for (size_t g = 0; g < config->n_groups; g++) {
        up = up || has_delay(&config->groups[g].uplink);
        down = down || has_delay(&config->groups[g].downlink);
    }
    slots->uplink = slots->device + world->n_devices;
    slots->server = slots->uplink + world->n_uplinks;
    slots->backhaul = slots->server + config->server.n_servers;
    slots->cloud = slots->backhaul + has_cloud(config);
    slots->downlink = slots->cloud + (has_cloud(config) ? config->cloud.n_servers : 0);
    slots->up_line = slots->downlink + open->n_downlinks;
    slots->backhaul_line = slots->up_line + (up ? open->n_lines[1] : 0);
    slots->down_line = slots->backhaul_line + (config->backhaul.propagation_ns > 0 ? 2 : 0);
    open->server.slot = slots->server;
    open->cloud.slot = slots->cloud;
    slots->batch = slots->down_line + (down ? open->n_lines[0] : 0);
    slots->probe = slots->batch + (config->server.max_batch > 0);
    slots->arrival = slots->probe + (config->probe_every_ns > 0 ? world->n_devices : 0);
    slots->background = slots->arrival + open->n_sources;
    slots->sample = slots->background + has_jobs(config);
    return es_engine_create(slots->sample + (config->series_period_ns > 0), &open->engine);
}

es_status open_create(es_world *world) {
    const es_world_config *config = &world->config;
    open_system *open = es_alloc(1, sizeof *open);
    if (open == NULL)
        return ES_NO_MEMORY;
    world->open = open;
    if (config->series_period_ns > 0)
        open->series = es_alloc(1, sizeof *open->series);
    if ((config->series_period_ns > 0 && open->series == NULL) || create_requests(world) != ES_OK ||
        create_sources(world) != ES_OK || create_links(world) != ES_OK ||
        servers_create(world) != ES_OK)
        return ES_NO_MEMORY;
    bool looks_ahead = config->outcomes || config->groups[0].policy->ops->clairvoyant;
    if (looks_ahead && forecast_create(world) != ES_OK)
        return ES_NO_MEMORY;
    if (express_may(world) && express_create(world) != ES_OK)
        return ES_NO_MEMORY;
    open->kinds[ES_DEVICE].n_stations = world->n_devices;
    open->kinds[ES_UPLINK].n_stations = world->n_uplinks;
    open->kinds[ES_SERVER].n_stations = config->server.n_servers;
    open->kinds[ES_DOWNLINK].n_stations = open->n_downlinks > 0 ? open->n_downlinks : 1;
    open->kinds[ES_BACKHAUL].n_stations = 1;
    open->kinds[ES_CLOUD].n_stations = has_cloud(config) ? config->cloud.n_servers : 1;
    return create_engine(world);
}

void open_destroy(open_system *open) {
    if (open == NULL)
        return;
    es_engine_destroy(open->engine);
    express_destroy(open->express);
    free(open->requests);
    free(open->known);
    free(open->delays);
    free(open->beyond);
    free(open->probe_cursors);
    free(open->device_of);
    free(open->thinks);
    free(open->head_draws);
    free(open->tail_draws);
    free(open->cloud_draws);
    free(open->downlinks);
    free(open->crowds);
    free(open->lines[0]);
    free(open->lines[1]);
    free(open->server.serving);
    free(open->cloud.serving);
    for (size_t g = 0; g < ES_MAX_GROUPS; g++)
        free(open->server.merged[g]);
    free(open->least_ns);
    free(open->series);
    free(open);
}
