# A web server. What serves the pages is the busybox of the machine that plays the host.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib)
    mkEnableOption
    mkIf
    mkOption
    types
    ;
  cfg = config.services.nginx;

  pages = pkgs.runCommand "nginx-pages" { } (
    ''
      mkdir -p "$out"
      echo "laying out pages on $(uname -m)"
    ''
    + lib.concatStrings (
      lib.mapAttrsToList (name: host: ''
        mkdir -p "$out/${name}"
        sed 's/@host@/${config.networking.hostName}/g' '${host.root}/index.html' > "$out/${name}/index.html"
      '') cfg.virtualHosts
    )
  );
  configFile = pkgs.writeText "nginx.conf" (
    "listen ${toString cfg.defaultHTTPListenPort};\n"
    + lib.concatStrings (
      lib.mapAttrsToList (name: _: "server { server_name ${name}; root ${pages}/${name}; }\n") cfg.virtualHosts
    )
  );
in
{
  options.services.nginx = {
    enable = mkEnableOption "the web server nginx";
    defaultHTTPListenPort = mkOption {
      type = types.int;
      default = 80;
      description = "TCP port.";
    };
    virtualHosts = mkOption {
      type = types.attrsOf (
        types.submodule {
          options.root = mkOption {
            type = types.path;
            description = "Folder with the site; `@host@` in its index.html becomes the name of the machine.";
          };
        }
      );
      default = { };
      description = "Sites by name. Here the first one, by name, is the one that is served.";
    };
  };

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.virtualHosts != { };
        message = "services.nginx.enable is set, but no site is defined in services.nginx.virtualHosts.";
      }
    ];
    environment.systemPackages = [ pkgs.nginx ];
    environment.etc."nginx/nginx.conf".source = configFile;
    systemd.services.nginx = {
      description = "Nginx web server";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      environment.NGINX_CONF = "${configFile}";
      serviceConfig.ExecStart = "/bin/busybox httpd -f -p ${toString cfg.defaultHTTPListenPort} -h ${pages}/${builtins.head (builtins.attrNames cfg.virtualHosts)}";
    };
  };
}
