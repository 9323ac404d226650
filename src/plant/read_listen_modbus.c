// read_listen_modbus.c - `modbus:`: servers and their registers.
#include <assert.h>
#include <string.h>

#include "base/tags.h"
#include "plant/listen_reader.h"

enum { ADDRESSES = 65536 };

static bool is_bit_table(ls_register_table table) {
    return table == LS_REGISTER_COIL || table == LS_REGISTER_DISCRETE;
}

static void refuse(ls_reader *r, const ls_yaml *node, const char *path, const char *why) {
    const ls_yaml *at = ls_take(r, node, path);
    if (at != NULL) {
        ls_reader_mistake(r, at, "take it out", "%s", why);
    }
}

static void check_type(ls_reader *r, const ls_yaml *node, const ls_register *reg) {
    const ls_yaml *type = ls_take(r, node, "listen.modbus.*.registers.*.type");
    if (is_bit_table(reg->table) && reg->type != LS_REGISTER_BIT) {
        ls_reader_mistake(r, type, "'type: bit', or another 'table'",
                          "coils and discrete inputs hold bits");
    }
    if (reg->type == LS_REGISTER_TEXT) {
        if (ls_take(r, node, "listen.modbus.*.registers.*.words") == NULL) {
            ls_reader_mistake(r, type, "two characters to a register: 'words: 8' for 16",
                              "a text needs 'words'");
        }
    } else {
        refuse(r, node, "listen.modbus.*.registers.*.words", "'words' is for texts");
    }
    if (reg->type == LS_REGISTER_TEXT || reg->type == LS_REGISTER_BIT) {
        refuse(r, node, "listen.modbus.*.registers.*.scale", "'scale' is for numbers");
        refuse(r, node, "listen.modbus.*.registers.*.offset", "'offset' is for numbers");
    }
    if (reg->type != LS_REGISTER_BIT || is_bit_table(reg->table)) {
        refuse(r, node, "listen.modbus.*.registers.*.bit",
               "'bit' is for 'type: bit' in a register");
    }
    if (ls_register_size(reg) == 1 || is_bit_table(reg->table)) {
        refuse(r, node, "listen.modbus.*.registers.*.order",
               "'order' is for values of several registers");
    }
}

static void check_register(ls_reader *r, const ls_yaml *node, const ls_register *reg) {
    check_type(r, node, reg);
    if (reg->at + ls_register_size(reg) > ADDRESSES) {
        ls_reader_mistake(r, ls_take(r, node, "listen.modbus.*.registers.*.at"), NULL,
                          "register '%s' goes beyond address 65535", reg->name);
    }
    if (reg->write && (reg->table == LS_REGISTER_INPUT || reg->table == LS_REGISTER_DISCRETE)) {
        ls_reader_mistake(r, ls_take(r, node, "listen.modbus.*.registers.*.write"),
                          "'table: holding' or 'table: coil'", "inputs cannot be written");
    }
    if (reg->write && reg->type == LS_REGISTER_BIT && reg->table == LS_REGISTER_HOLDING) {
        ls_reader_mistake(r, ls_take(r, node, "listen.modbus.*.registers.*.write"),
                          "use a coil, or the whole register",
                          "a bit of a register cannot be written alone: the others would be "
                          "written too");
    }
    if (reg->scale == 0) {
        ls_reader_mistake(r, ls_take(r, node, "listen.modbus.*.registers.*.scale"), NULL,
                          "'scale: 0' makes every value the same");
    }
}

static ls_register read_register(ls_reader *r, const ls_yaml *key, const ls_yaml *node) {
    ls_register reg = {.name = ls_reader_text(r, key->text)};
    int table = 0;
    int type = 0;
    int order = 0;
    int bytes = 0;
    int64_t words = 1;
    ls_take_u32(r, node, "listen.modbus.*.registers.*.at", &reg.at);
    ls_take_choice(r, node, "listen.modbus.*.registers.*.table", &table);
    reg.table = (ls_register_table)table;
    type = is_bit_table(reg.table) ? LS_REGISTER_BIT : LS_REGISTER_U16;
    ls_take_choice(r, node, "listen.modbus.*.registers.*.type", &type);
    reg.type = (ls_register_type)type;
    ls_take_count(r, node, "listen.modbus.*.registers.*.words", &words);
    reg.words = reg.type == LS_REGISTER_TEXT ? (uint32_t)words : 0;
    ls_take_u32(r, node, "listen.modbus.*.registers.*.bit", &reg.bit);
    ls_take_choice(r, node, "listen.modbus.*.registers.*.order", &order);
    ls_take_choice(r, node, "listen.modbus.*.registers.*.bytes", &bytes);
    reg.low_word_first = order == 1;
    reg.byte_swap = bytes == 1;
    ls_take_number(r, node, "listen.modbus.*.registers.*.scale", &reg.scale);
    ls_take_number(r, node, "listen.modbus.*.registers.*.offset", &reg.offset);
    ls_take_text(r, node, "listen.modbus.*.registers.*.unit", &reg.unit);
    ls_take_time(r, node, "listen.modbus.*.registers.*.every", &reg.every_us);
    ls_take_yes(r, node, "listen.modbus.*.registers.*.write", &reg.write);
    check_register(r, node, &reg);
    return reg;
}

static void check_tag(ls_reader *r, const ls_yaml *key, const ls_source *s) {
    if (key->text[0] == '\0' || ls_listen_has_control(key->text) ||
        strlen(s->name) + 1 + strlen(key->text) > LS_TAG_NAME_MAX) {
        ls_reader_mistake(r, key, "a tag has at most 511 bytes and no control characters",
                          "'%s/%s' is not a tag", s->name, key->text);
    }
}

static void read_registers(ls_reader *r, const ls_yaml *map, ls_source *s) {
    ls_rows rows = {.size = sizeof(ls_register)};
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        check_tag(r, &map->keys[i], s);
        const ls_register reg = read_register(r, &map->keys[i], &map->items[i]);
        *(ls_register *)ls_rows_push(r, &rows, NULL) = reg;
    }
    if (map != NULL && map->count == 0) {
        ls_reader_mistake(r, map, "'registers: {NAME: {at: 0}}'", "no register is named");
    }
    s->registers = ls_rows_close(r, &rows, &s->register_count);
    ls_free(rows.items);
}

static void check_name(ls_listen_draft *d, const ls_yaml *key) {
    if (key->text[0] == '\0' || strpbrk(key->text, "/#") != NULL ||
        ls_listen_has_control(key->text)) {
        ls_reader_mistake(d->r, key, "its tags are 'NAME/REGISTER': no '/' or '#' in the name",
                          "'%s' cannot be the name of a source", key->text);
    }
    for (uint32_t i = 0; i < d->sources.count; i++) {
        const ls_source *s = LS_ROW(ls_source, d->sources, i);
        if (s->kind == LS_SOURCE_SPARKPLUG && strcmp(s->group, key->text) == 0) {
            ls_reader_mistake(d->r, key, "give it another name",
                              "modbus source '%s' is called as the group of Sparkplug: their tags "
                              "could not be told apart",
                              key->text);
        }
    }
}

void ls_listen_read_modbus(ls_listen_draft *d) {
    ls_reader *r = d->r;
    const ls_yaml *map = ls_take_map(r, d->node, "listen.modbus");
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        const ls_yaml *key = &map->keys[i];
        const ls_yaml *node = &map->items[i];
        ls_source s = {.kind = LS_SOURCE_MODBUS,
                       .name = ls_reader_text(r, key->text),
                       .address = "",
                       .line = key->line,
                       .column = key->column};
        int64_t unit = 1;
        check_name(d, key);
        if (ls_take_text(r, node, "listen.modbus.*.address", &s.address) &&
            !ls_listen_is_address(s.address)) {
            ls_reader_mistake(r, ls_take(r, node, "listen.modbus.*.address"),
                              "'10.0.0.7', 'saw.plant:502', '[fe80::1]:502'",
                              "'%s' is not an address", s.address);
        }
        ls_take_count(r, node, "listen.modbus.*.unit", &unit);
        s.unit = (int)unit;
        if (s.unit > 247 && s.unit < 255) {
            ls_reader_mistake(r, ls_take(r, node, "listen.modbus.*.unit"), "0 to 247, or 255",
                              "unit %d is reserved", s.unit);
        }
        ls_take_time(r, node, "listen.modbus.*.every", &s.every_us);
        ls_take_time(r, node, "listen.modbus.*.timeout", &s.timeout_us);
        if (s.every_us == 0 || s.timeout_us == 0) {
            ls_reader_mistake(r, key, "at least 1 ms", "'every' and 'timeout' cannot be 0");
        }
        read_registers(r, ls_take_map(r, node, "listen.modbus.*.registers"), &s);
        ls_listen_read_commands(d, node, &s);
        *(ls_source *)ls_rows_push(r, &d->sources, NULL) = s;
    }
}
